"""What Compose on a server says when something fails, in one line and in all of them."""

# ruff: noqa: ARG002 - a command ends as it is told, whatever it is.

from collections.abc import Sequence
from pathlib import Path

import pytest

from bluegreen.engine.compose import Compose
from bluegreen.engine.lines import Lines
from bluegreen.errors import LateError, PortError, TemporaryError
from bluegreen.ssh.connection import Address, Connection, Done
from bluegreen.testing import release


class Server(Connection):
    """A server on which every command ends in the same way."""

    def __init__(self, done: Done) -> None:
        super().__init__(Address("root", "server"), Path("known_hosts"))
        self._done = done

    def run(self, command: Sequence[str], *, timeout: float, stdin: str = "") -> Done:
        return self._done


class Late(Server):
    """A server on which nothing ends in its time."""

    def run(self, command: Sequence[str], *, timeout: float, stdin: str = "") -> Done:
        raise LateError(f"{command[0]} took longer than {timeout:g} s", wrote=self._done.output)


def compose(code: int, output: str = "", errors: str = "") -> Compose:
    return Compose(Server(Done(code, output, errors)))


LINES = Lines("/srv/tandem", "tandem")
SCENARIO = LINES.task(release(1), "scenario", 9)


def test_a_task_that_failed_is_named_with_the_last_line_that_it_wrote() -> None:
    failing = compose(1, "e0002: Divide by nothing\n", "error: e0002 failed: division by zero\n")
    check = "database-migrate migrate check --since {since}"
    task = LINES.task(release(1), check, 9, values={"since": "e0001"})
    with pytest.raises(PortError) as failed:
        failing.run(task, 9)
    assert str(failed.value) == (
        "the task `database-migrate migrate check --since e0001` ended with 1: "
        "error: e0002 failed: division by zero"
    )
    assert failed.value.detail.startswith("e0002: Divide by nothing")


def test_what_is_indented_below_the_last_line_is_part_of_the_reason() -> None:
    wrote = "ok  sign up  (0.1 s)\nfailed  sign in  (0.2 s)\n  answered  500\n  body      broken\n"
    with pytest.raises(PortError, match=r"1: failed sign in \(0.2 s\); answered 500; body broken$"):
        compose(1, wrote).run(SCENARIO, 9)


@pytest.mark.parametrize(("code", "errors"), [(75, "busy"), (1, "error during connect: EOF")])
def test_what_may_work_later_says_why_it_does_not_now(code: int, errors: str) -> None:
    with pytest.raises(TemporaryError, match=f"`scenario` cannot be done now: {errors}"):
        compose(code, errors=errors).run(SCENARIO, 9)


def test_what_takes_too_long_is_named_and_says_how_far_it_came() -> None:
    late = Compose(Late(Done(-1, "ok  sign up  (0.1 s)\nsign in\n", "")))
    with pytest.raises(TemporaryError) as failed:
        late.run(SCENARIO, 9)
    assert str(failed.value) == "the task `scenario` took longer than 9 s: sign in"
    assert failed.value.detail == "ok  sign up  (0.1 s)\nsign in"


def test_what_waits_for_an_earlier_command_says_so_before_its_time_is_over() -> None:
    earlier = "`scenario` cannot be done now: an earlier command still runs on the server"
    with pytest.raises(TemporaryError, match=earlier):
        compose(75).run(SCENARIO, 9)
    assert SCENARIO.words[SCENARIO.words.index("-w") + 1] == "8"


def test_logs_wait_for_no_other_command() -> None:
    assert LINES.logs("tandem-blue", [], 2).words[0] == "docker"
    assert LINES.stop("tandem-blue", 9).words[0] == "flock"


def test_what_came_well_is_not_shown_of_what_did_not() -> None:
    errors = " Container tandem-green-account-1  Starting\n Container a  Healthy\naccount is ill\n"
    with pytest.raises(PortError, match="ended with 1: account is ill") as failed:
        compose(1, errors=errors).run(LINES.up("lanes/green", 9), 9)
    assert failed.value.detail == "account is ill"


def test_logs_are_text_without_what_moves_a_cursor() -> None:
    logs = compose(0, "\x1b[2Kaccount-1 | one\n\x1b[32maccount-1\x1b[0m | two\n")
    assert logs.run(LINES.logs("tandem-blue", [], 2), 9) == "account-1 | one\naccount-1 | two\n"
