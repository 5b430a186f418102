from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from local.journal import Journal, LineCutter


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30)), st.integers(min_value=1, max_value=12))
def test_lines_do_not_depend_on_how_the_stream_is_cut(chunks: list[bytes], limit: int) -> None:
    cutter, whole = LineCutter(limit), LineCutter(limit)
    in_pieces = [line for chunk in chunks for line in cutter.feed(chunk)] + [*cutter.finish()]
    at_once = [*whole.feed(b"".join(chunks)), *whole.finish()]
    assert "".join(in_pieces) == "".join(at_once)
    assert [line for line in in_pieces if line] == [line for line in at_once if line]


@settings(deadline=None)
@given(st.lists(st.text(alphabet="abc é", max_size=20)))
def test_complete_lines_come_out_as_they_went_in(lines: list[str]) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    cutter = LineCutter()
    assert list(cutter.feed(data)) == lines
    assert list(cutter.finish()) == []


def test_bytes_that_are_no_text_are_shown_escaped() -> None:
    assert list(LineCutter().feed(b"\xff!\r\n")) == ["\\xff!"]


def test_log_takes_at_most_twice_its_limit(tmp_path: Path) -> None:
    journal = Journal(tmp_path, file_limit=100)
    for number in range(200):
        journal.write("alpha", f"line {number}")
    journal.close()
    files = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert files.keys() == {"alpha.log", "alpha.log.1"}
    assert max(files.values()) <= 100 + len("line 199\n")
    assert (tmp_path / "alpha.log").read_text().endswith("line 199\n")


def test_lines_of_all_programs_are_merged_and_searched(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for program, text in (("alpha", "One"), ("beta", "two abc1"), ("alpha", "three abc1")):
        journal.write(program, text)
    assert [line.text for line in journal.latest(2)] == ["two abc1", "three abc1"]
    assert [line.text for line in journal.latest(9, program="alpha")] == ["One", "three abc1"]
    assert [line.text for line in journal.latest(9, text="ONE")] == ["One"]
    assert [line.program for line in journal.latest(9, trace_id="abc1")] == ["beta", "alpha"]
    journal.close()


def test_tail_of_a_process_leaves_out_what_an_earlier_one_wrote(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write("alpha", "old")
    started = journal.latest(1)[0].at + 0.000_001
    assert journal.since_start("alpha", started, 20) == []
    journal.close()
