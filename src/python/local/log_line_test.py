import json

from hypothesis import given, settings
from hypothesis import strategies as st

from local.log_line import LogLine, parse

ENTRY = {
    "event": "rpc served",
    "level": "info",
    "timestamp": "2026-11-24T03:00:00Z",
    "service": "identity",
    "lane": "blue",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "span_id": "b7ad6b7169203331",
    "method": "/tandem.identity.v1.Identity/SignIn",
    "seconds": 0.25,
}


def test_entry_is_told_without_what_the_reader_knows() -> None:
    line = parse(json.dumps(ENTRY))
    assert line.trace_id == ENTRY["trace_id"]
    assert line.render() == (
        "info rpc served method=/tandem.identity.v1.Identity/SignIn seconds=0.25"
    )


def test_exception_is_told_with_its_last_places() -> None:
    frames = [{"filename": f"f{n}.py", "lineno": n, "name": "g"} for n in range(5)]
    exception = [{"exc_type": "ValueError", "exc_value": "no", "frames": frames}]
    line = parse(json.dumps({"event": "failed", "level": "error", "exception": exception}))
    assert line.render().splitlines() == [
        "error failed",
        "  ValueError: no",
        "    at f2.py:2 in g",
        "    at f3.py:3 in g",
        "    at f4.py:4 in g",
    ]


def test_exception_as_text_is_told_line_by_line() -> None:
    line = parse(json.dumps({"event": "failed", "exception": "Traceback\nValueError: no"}))
    assert line.render() == "failed\n  Traceback\n  ValueError: no"


@settings(deadline=None)
@given(st.text())
def test_line_that_is_no_entry_stays_as_it_is(text: str) -> None:
    assert parse(text).event == text or text.startswith("{")


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_value_of_an_entry_breaks_the_reading(value: object) -> None:
    text = json.dumps({"event": value, "level": value, "exception": value, "other": value})
    assert isinstance(parse(text).render(), str)


def test_object_without_an_event_stays_as_it_is() -> None:
    assert parse('{"a": 1}') == LogLine('{"a": 1}')
    assert parse("{broken") == LogLine("{broken")


def test_entry_with_half_a_character_is_shown_as_it_was_written() -> None:
    text = '{"event": "upload", "name": "\\ud83d.png"}'
    assert parse(text) == LogLine(text)
