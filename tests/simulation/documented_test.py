"""The command that shows one world, as the page has it."""

from pathlib import Path

from tests.docs.commands import ROOT, mentioned
from tests.docs.programs import PYTHON, on_path


def test_a_world_goes_by_without_pants(tmp_path: Path) -> None:
    command = mentioned("docs/simulation.md", "python -m tests.simulation --seed 42")
    done = command.run(folder=ROOT, environment=on_path(tmp_path / "bin", PYTHON))
    assert done.code == 0, done.said
    assert "200 calls in 1 worlds" in done.said
