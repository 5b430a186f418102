"""A process that is no use says why."""

from pathlib import Path

import pytest

from benchmarks.transport.processes import Interpreter, Process, ProcessError


def test_a_process_that_ends_tells_its_last_errors(tmp_path: Path) -> None:
    with (
        Process(Interpreter(), "benchmarks.no_such_module", ("serve",), tmp_path) as process,
        pytest.raises(ProcessError, match=r"(?s)no_such_module serve ended.*No module named"),
    ):
        process.await_ready()


def test_a_process_that_says_something_else_is_not_ready(tmp_path: Path) -> None:
    with (
        Process(Interpreter(), "this", ("call",), tmp_path) as process,
        pytest.raises(ProcessError, match="this call said b'The Zen of Python"),
    ):
        process.await_ready()
