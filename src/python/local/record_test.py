import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.birth import birth_of
from local.record import Entry, Record, Run, is_alive

entries = st.builds(
    Entry,
    name=st.text(),
    pid=st.integers(min_value=1),
    birth=st.text(),
    stop_signal=st.integers(1, 31),
    grace=st.floats(0, 60),
)


@settings(deadline=None)
@given(
    st.builds(
        Run,
        pid=st.integers(min_value=1),
        birth=st.text(),
        url=st.text(),
        entries=st.lists(entries).map(tuple),
    )
)
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, run: Run) -> None:
    record = Record(tmp_path_factory.mktemp("record") / "run.json")
    record.save(run)
    assert record.load() == run


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"entries": [1]}', '{"entries": []}', "1"])
def test_file_that_cannot_be_understood_is_no_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    assert Record(tmp_path / "run.json").load() is None


def test_processes_are_added_and_dropped_by_pid(tmp_path: Path) -> None:
    record = Record(tmp_path / "run.json")
    record.save(Run(1, "0", "http://127.0.0.1:8080"))
    for pid in (10, 11, 12):
        record.add(Entry(f"p{pid}", pid, "0", 15, 1.0))
    record.drop(11)
    run = record.load()
    assert run is not None
    assert [entry.pid for entry in run.entries] == [10, 12]


def test_change_without_a_run_makes_none(tmp_path: Path) -> None:
    record = Record(tmp_path / "run.json")
    record.add(Entry("p", 10, "0", 15, 1.0))
    assert record.load() is None


def test_process_is_known_by_its_birth_too() -> None:
    birth = birth_of(os.getpid())
    assert is_alive(os.getpid(), birth)
    assert not is_alive(os.getpid(), f"{birth}0")
    assert not is_alive(2**22 + 1, birth)


def test_group_is_nobodys_after_another_boot() -> None:
    gone = Entry("p", 2**22 + 1, birth_of(os.getpid()), 15, 1.0)
    assert gone.owns_group()
    assert not replace(gone, birth="another boot/1").owns_group()
