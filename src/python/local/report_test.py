import io
import json
import os
from pathlib import Path

import pytest

from local.cause import probable
from local.errors import PartFailedError
from local.exit_code import describe
from local.report import Terminal, summary


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_step_is_a_line_with_its_time(stream: io.StringIO) -> None:
    Terminal(stream).step("database", "ready", 0.8412)
    assert stream.getvalue() == "database     ready      0.84 s\n"


def test_failure_shows_the_log_the_cause_and_where_more_is(stream: io.StringIO) -> None:
    tail = (json.dumps({"event": "cannot start", "level": "error"}), "No module named 'tandem'")
    Terminal(stream).failed(PartFailedError("identity", describe(1), tail, Path("/l/identity.log")))
    assert stream.getvalue().splitlines() == [
        "identity ended with exit code 1",
        "  | error cannot start",
        "  | No module named 'tandem'",
        "  probably: a generated module is missing; is there such a .proto?",
        "  the whole log: /l/identity.log",
    ]


def test_failure_says_how_to_start_it_again(stream: io.StringIO) -> None:
    error = PartFailedError("nginx", describe(1), (), Path("/l/nginx.log"), remedy="press Restart")
    Terminal(stream).failed(error)
    assert "  to start it again: press Restart\n" in stream.getvalue()


def test_terminal_that_was_closed_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        Terminal(stream).say("anything")
        Terminal(stream).say("more")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (-9, "was ended by SIGKILL"),
        (-99, "was ended by signal 99"),
        (None, "does not run"),
    ],
)
def test_exit_code_is_told_in_words(code: int | None, words: str) -> None:
    assert describe(code) == words


@pytest.mark.parametrize(
    ("what", "log", "part"),
    [
        ("ended with exit code 1", "SyntaxError: invalid syntax", "cannot be parsed"),
        ("ended with exit code 1", "No module named 'services.x'", "of this repository"),
        ("ended with exit code 1", "No module named 'httpx'", "a package is missing"),
        ("was ended by SIGKILL", "", "too little memory"),
        (
            "ended with exit code 1",
            "topic a.b was not created: Failed while waiting for controller: Local: Timed out",
            "address of --kafka",
        ),
        (
            "ended with exit code 5",
            "the schema is at c0009, newer than this release's c0001; deploy that",
            "if it is gone, begin anew by --reset",
        ),
        ("ended with exit code 1", "all is well", ""),
    ],
)
def test_probable_cause_follows_from_the_log(what: str, log: str, part: str) -> None:
    cause = probable(what, log)
    assert part in cause
    assert bool(cause) == bool(part)


def test_summary_is_aligned() -> None:
    assert summary({"site": "http://a", "developers": "http://b"}).splitlines() == [
        "  site         http://a",
        "  developers   http://b",
    ]


def test_terminal_that_lacks_a_character_gets_its_number() -> None:
    written = io.BytesIO()
    terminal = io.TextIOWrapper(written, encoding="latin-1")
    Terminal(terminal).say("é → é")
    assert written.getvalue() == b"\xe9 \\u2192 \xe9\n"
