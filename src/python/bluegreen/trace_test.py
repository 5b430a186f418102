import logging
import re
from collections.abc import Iterator

import pytest

from bluegreen import trace
from bluegreen.errors import TemporaryError


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is told."""
    told: list[str] = []
    trace.listen(told.append)
    yield told
    logging.getLogger(trace.__name__).handlers.clear()


def test_a_command_is_told_as_it_begins_and_as_it_ends(lines: list[str]) -> None:
    with trace.traced("deploy@server:22", ["docker", "inspect", "two words"]) as ended:
        assert re.fullmatch(r"\[\d+\] deploy@server:22: docker inspect 'two words'", lines[0])
        ended(3)

    number, _, rest = lines[1].partition(" ")
    assert lines[0].startswith(number)
    assert re.fullmatch(r"ended with 3 after \d+\.\d s", rest)


def test_a_command_that_nobody_knows_the_end_of_is_told_as_given_up(lines: list[str]) -> None:
    with pytest.raises(TemporaryError), trace.traced("here", ["sleep", "60"]):
        raise TemporaryError("the connection broke")

    assert " was given up after " in lines[1]


def test_a_script_is_told_by_its_beginning(lines: list[str]) -> None:
    with trace.traced("here", ["sh", "-c", "set -eu\nrm -rf /srv\n", "sh", "x" * 500]) as ended:
        ended(0)

    assert lines[0].endswith(f"here: sh -c 'set -eu…' sh '{'x' * 120}…'")
