"""Calls that will not wait for a server."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import BrokerError
from grpc_kafka.aio import _attendance
from grpc_kafka.aio.conftest import (
    SERVICE,
    Chat,
    Gate,
    Rig,
    chat_handler,
    chat_of,
    echo,
    error_of,
    serve,
    settled,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from grpc_kafka.aio import KafkaChannel
    from grpc_kafka.testing import InMemoryBroker

_NOBODY = f"no process serves {Rig.queue}"
_PATH = f"/{SERVICE}/Call"
_INTERVAL = 0.02


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let looks follow each other soon."""
    monkeypatch.setattr(_attendance, "INTERVAL", _INTERVAL)
    monkeypatch.setattr(_attendance, "LINGER", 2 * _INTERVAL)


class Looks:
    """Counts the looks at each queue, and holds them up while the gate is closed."""

    def __init__(self, broker: InMemoryBroker, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count: Counter[str] = Counter()
        self.open = asyncio.Event()
        self.open.set()
        served = broker._served

        async def look(_lookout: object, queue: str) -> bool:
            self.count[queue] += 1
            await self.open.wait()
            return served(queue)

        monkeypatch.setattr("grpc_kafka.testing._Lookout.served", look)


@pytest.fixture
def looks(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Looks:
    """What is looked at."""
    return Looks(rig.broker, monkeypatch)


def _kinds(rig: Rig) -> list[bytes | None]:
    return [(record.headers or ())[1][1] for record in rig.broker.records(rig.queue)]


def _arities(channel: KafkaChannel) -> list[Callable[[], grpc.aio.Call]]:
    once: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_PATH)
    pour: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(_PATH)
    collect: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(_PATH)
    chat: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(_PATH)
    return [
        lambda: once(b"x", timeout=5, wait_for_ready=False),
        lambda: pour(b"x", timeout=5, wait_for_ready=False),
        lambda: collect(iter([b"x"]), timeout=5, wait_for_ready=False),
        lambda: chat(iter([b"x"]), timeout=5, wait_for_ready=False),
    ]


async def test_a_call_that_will_not_wait_fails_while_nobody_serves_and_nothing_is_sent(
    rig: Rig,
) -> None:
    for begin in _arities(rig.channel()):
        call = begin()
        assert await call.code() is grpc.StatusCode.UNAVAILABLE
        assert await call.details() == _NOBODY
    assert rig.broker.records(rig.queue) == []


async def test_a_call_that_waits_is_none_of_it(rig: Rig, looks: Looks) -> None:
    calls = [rig.method()(b"x", wait_for_ready=ready) for ready in (None, True)]
    await rig.serve(echo)
    assert [await call for call in calls] == [b"x", b"x"]
    assert not looks.count


async def test_only_the_first_call_waits_for_a_look(rig: Rig, looks: Looks) -> None:
    await rig.serve(echo)
    method = rig.method()
    looks.open.clear()
    first = method(b"first", wait_for_ready=False)
    await settled()
    assert _kinds(rig) == []
    looks.open.set()
    assert await first == b"first"
    looks.open.clear()
    assert await method(b"second", wait_for_ready=False, timeout=5) == b"second"


async def test_waiting_for_a_look_ends_by_the_deadline_or_a_cancellation(
    rig: Rig, looks: Looks
) -> None:
    await rig.serve(echo)
    method = rig.method()
    looks.open.clear()
    late = await error_of(method(b"late", wait_for_ready=False, timeout=0.02))
    assert late.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    given_up = method(b"given up", wait_for_ready=False)
    assert given_up.cancel()
    looks.open.set()
    assert await method(b"x", wait_for_ready=False) == b"x"
    assert _kinds(rig) == [b"REQUEST"]


async def test_a_queue_is_looked_at_only_while_somebody_goes_by_it(rig: Rig, looks: Looks) -> None:
    gate = Gate()
    await rig.serve(gate)
    call = rig.method()(b"long", wait_for_ready=False)
    await until(lambda: looks.count[rig.queue] > 3)
    gate.open.set()
    await call
    await asyncio.sleep(4 * _INTERVAL)
    before = looks.count[rig.queue]
    await asyncio.sleep(4 * _INTERVAL)
    assert looks.count[rig.queue] == before


async def test_a_call_under_way_ends_and_is_cancelled_when_the_last_server_vanishes(
    rig: Rig,
) -> None:
    gate = Gate()
    await rig.serve(gate)
    method = rig.method()
    patient, hasty = method(b"patient", timeout=5), method(b"hasty", wait_for_ready=False)
    while len(gate.begun) < 2:
        await settled()
    rig.broker.members(rig.queue)[0].vanish()
    error = await error_of(hasty)
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAVAILABLE, _NOBODY)
    assert sorted(kind or b"" for kind in _kinds(rig)) == [b"CANCEL", b"REQUEST", b"REQUEST"]
    await rig.serve(echo)
    assert await patient == b"patient"


async def test_an_answer_on_its_way_is_not_cut_off_by_the_first_look_that_finds_nobody(
    rig: Rig, looks: Looks
) -> None:
    gate = Gate()
    made = await rig.serve(gate)
    call = rig.method()(b"x", wait_for_ready=False, timeout=5)
    while not gate.begun:
        await settled()
    rig.broker.members(rig.queue)[0].vanish()
    before = looks.count[rig.queue]
    while looks.count[rig.queue] == before:  # noqa: ASYNC110 - one turn of the loop at a time
        await asyncio.sleep(0)
    gate.open.set()
    assert await call == b"x"
    await made.stop(None)


async def test_a_stream_that_a_server_has_does_not_go_by_the_queue(rig: Rig, looks: Looks) -> None:
    chat = Chat()
    await serve(rig, chat_handler(chat))
    call = chat_of(rig)(wait_for_ready=False)
    await call.write(b"one")
    assert await call.read() == b"one"
    rig.broker.members(rig.queue)[0].vanish()
    await asyncio.sleep(5 * _INTERVAL)
    before = looks.count[rig.queue]
    await asyncio.sleep(3 * _INTERVAL)
    assert looks.count[rig.queue] == before
    await call.write(b"two")
    assert await call.read() == b"two"
    await call.done_writing()
    assert await call.code() is grpc.StatusCode.OK


async def test_a_stream_that_no_server_has_ends_when_the_last_one_vanishes(rig: Rig) -> None:
    await rig.serve(echo)
    member = rig.broker.members(rig.queue)[0]
    member.pause()
    call = chat_of(rig)(wait_for_ready=False)
    while not rig.broker.records(rig.queue):
        await settled()
    member.vanish()
    assert await call.code() is grpc.StatusCode.UNAVAILABLE
    assert await call.details() == _NOBODY
    assert _kinds(rig) == [b"REQUEST", b"CANCEL"]


async def test_calls_are_sent_where_nobody_can_look_and_that_is_said_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.broker.fail_looks(BrokerError("not authorized"))
    await rig.serve(echo)
    method = rig.method()
    for _ in range(2):
        assert await method(b"x", wait_for_ready=False) == b"x"
        await asyncio.sleep(5 * _INTERVAL)
    said = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert len(said) == 1
    assert f"serves {rig.queue}: not authorized" in said[0]


async def test_a_look_that_breaks_lets_the_calls_go(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.serve(echo)
    with monkeypatch.context() as patch:

        async def fail(*_arguments: object) -> bool:
            raise KeyError("a bug")

        patch.setattr("grpc_kafka.testing._Lookout.served", fail)
        assert await rig.method()(b"x", wait_for_ready=False, timeout=5) == b"x"


async def test_a_server_that_comes_is_found_by_the_next_look(rig: Rig, looks: Looks) -> None:
    method = rig.method()
    assert (await error_of(method(b"x", wait_for_ready=False))).details() == _NOBODY
    await rig.serve(echo)
    before = looks.count[rig.queue]
    while looks.count[rig.queue] == before:
        await method(b"x", wait_for_ready=False, timeout=5).code()
        await settled()
    await settled()
    assert await method(b"x", wait_for_ready=False, timeout=5) == b"x"
