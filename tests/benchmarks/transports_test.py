"""What is measured is right: each transport answers many calls at once, each with its own reply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.transport.line_up import (
    DIRECT,
    NAMEKO,
    NATS,
    ORDER,
    OURS,
    Kafka,
    LineUp,
    interpreter_of,
)
from benchmarks.transport.suite.takeover import IN_FLIGHT
from benchmarks.transport.suite.turns import Pair, running
from tests.support import kafka
from tests.support.requirements import missing

_PEERS = Path("benchmarks.peers", "peers.pex")
"""Where Pants puts it."""

_AT_ONCE = 300


@pytest.fixture(scope="module")
def broker() -> Iterator[Kafka]:
    with kafka.running() as made:
        yield Kafka(made.bootstrap_servers, made.pid)


@pytest.fixture(scope="module", params=ORDER)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("measured")
    line_up = LineUp(folder, None, interpreter_of(str(_PEERS)) if _PEERS.exists() else None)
    if request.param not in {DIRECT, NAMEKO, NATS}:
        line_up.kafka = request.getfixturevalue("broker")
    with running(line_up, (request.param,)) as pairs:
        if line_up.missing:
            missing("; ".join(line_up.missing))
        assert line_up.failed == []
        yield pairs[0]


def test_each_of_many_calls_gets_its_own_reply(pair: Pair) -> None:
    assert pair.client.ask("each_its_own", _AT_ONCE) == _AT_ONCE


def test_calls_alone_and_together_are_timed(pair: Pair) -> None:
    latencies = pair.client.ask("alone", 0.1)
    assert isinstance(latencies, list)
    assert min(latencies) > 0
    answer = pair.client.ask("together", 16, 0.1)
    assert isinstance(answer, list)
    calls, seconds = answer
    assert calls >= 16
    assert seconds >= 0.1


@pytest.mark.parametrize("pair", [OURS, DIRECT], indirect=True, scope="module")
def test_streams_carry_every_message_in_each_direction(pair: Pair) -> None:
    for direction in ("pour", "count", "exchange"):
        assert pair.client.ask(direction, 1000)


@pytest.mark.parametrize("pair", [OURS], indirect=True, scope="module")
def test_a_load_tells_what_was_answered_and_what_was_slow(pair: Pair) -> None:
    told = pair.client.ask("load", IN_FLIGHT, 0.5)
    assert isinstance(told, dict)
    assert told["answered"] >= IN_FLIGHT
    assert told["failed"] == 0
    assert isinstance(told["slow"], list)


@pytest.mark.parametrize("pair", [OURS, DIRECT], indirect=True, scope="module")
def test_calls_are_held_until_their_time_is_over(pair: Pair) -> None:
    assert pair.client.ask("hold", 100, 10.0) == 100
    assert pair.client.ask("held") == 100
