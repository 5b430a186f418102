"""A seed says all that happens: the same again, in another process too, and what failed as well."""

import pytest

from tests.simulation.command import main
from tests.simulation.faults import Profile
from tests.simulation.runner import spread
from tests.simulation.safeguards import SAFEGUARDS
from tests.simulation.world import World

_CALLS = 100


@pytest.mark.parametrize("profile", Profile)
def test_the_same_seed_happens_the_same_again(profile: Profile) -> None:
    first, second = (World(7, _CALLS, profile).run() for _ in range(2))
    assert first == second
    assert World(8, _CALLS, profile).run().digest != first.digest


def test_the_same_seed_happens_the_same_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [World(seed, _CALLS).run() for seed in range(4)]
    monkeypatch.setenv("PYTHONHASHSEED", "77")
    assert sorted(spread(range(4), _CALLS, workers=2), key=lambda each: each.seed) == here


def test_a_failure_is_printed_with_the_command_that_replays_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with SAFEGUARDS["cancellations"].removed():
        assert main(["--seed", "0", "--calls", str(_CALLS), "--profile", "calm"]) == 1
        told = capsys.readouterr().out
        (command,) = [line for line in told.splitlines() if "python -m tests.simulation" in line]
        assert main(command.split()[3:]) == 1
    again = capsys.readouterr().out
    assert "its server is not told" in told
    assert "its server is not told" in again
    assert "client0.1    call " in again


def test_a_world_that_keeps_its_promises_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "1", "--worlds", "2", "--calls", "50"]) == 0
    assert capsys.readouterr().out.startswith("100 calls in 2 worlds")
