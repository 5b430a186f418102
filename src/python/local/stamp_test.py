import os
from pathlib import Path

import pytest

from local.stamp import Stamp


@pytest.fixture
def stamp(tmp_path: Path) -> Stamp:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("1")
    (tmp_path / "out").write_text("made")
    made = Stamp(tmp_path / "s" / "step", (tmp_path / "in",), ("text",), (tmp_path / "out",))
    made.write(made.digest())
    return made


def test_step_is_current_while_nothing_changes(stamp: Stamp) -> None:
    assert stamp.is_current()


def test_changed_added_and_renamed_inputs_are_seen(stamp: Stamp) -> None:
    (folder,) = stamp.inputs
    digests = {stamp.digest()}
    (folder / "a").write_text("2")
    digests.add(stamp.digest())
    (folder / "a").rename(folder / "b")
    digests.add(stamp.digest())
    (folder / "c").write_text("")
    digests.add(stamp.digest())
    assert len(digests) == 4
    assert not stamp.is_current()


def test_other_text_is_seen(stamp: Stamp) -> None:
    assert not Stamp(stamp.path, stamp.inputs, ("te", "xt"), stamp.outputs).is_current()


def test_output_that_is_gone_or_was_made_anew_is_seen(stamp: Stamp) -> None:
    (output,) = stamp.outputs
    later = stamp.path.stat().st_mtime_ns + 1
    os.utime(output, ns=(later, later))
    assert not stamp.is_current()
    output.unlink()
    assert not stamp.is_current()


def test_step_that_never_succeeded_is_not_current(tmp_path: Path) -> None:
    assert not Stamp(tmp_path / "never").is_current()


def test_note_does_not_hold_the_texts(stamp: Stamp) -> None:
    assert "text" not in stamp.path.read_text()
