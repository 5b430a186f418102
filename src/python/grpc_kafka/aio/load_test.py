"""What servers and channels tell of their load, and of requests that come again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from grpc_kafka import Load
from grpc_kafka.aio.conftest import SERVICE, Gate, call_everywhere, settled

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Rig


async def test_a_server_tells_what_runs_what_waits_and_what_is_still_in_kafka(rig: Rig) -> None:
    gate = Gate()
    server = await rig.serve(gate, maximum_concurrent_rpcs=2)
    channel = rig.channel()
    assert server.load() == Load(0, 0, {SERVICE: 0})
    method = rig.method(channel)
    calls = [method(b"x", timeout=5) for _ in range(4)]
    await settled()
    calls += [method(b"x", timeout=5) for _ in range(3)]
    await settled()
    assert server.load() == Load(2, 2, {SERVICE: 3})
    assert channel.in_flight == 7
    gate.open.set()
    await asyncio.gather(*calls)
    await settled()
    assert server.load() == Load(0, 0, {SERVICE: 0})
    assert channel.in_flight == 0


async def test_requests_that_a_vanished_server_had_are_counted_as_redelivered(rig: Rig) -> None:
    dead, alive = Gate(), Gate()
    alive.open.set()
    await rig.serve(dead)
    method = rig.method()
    calls = [method(b"x", timeout=5) for _ in range(5)]
    await settled()
    (member,) = rig.broker.members(rig.queue)
    member.vanish()
    server = await rig.serve(alive)
    await asyncio.gather(*calls)
    assert server.counters.redelivered == 5
    await asyncio.gather(*[method(b"y", timeout=5) for _ in range(20)])
    assert server.counters.redelivered == 5


async def test_what_a_server_left_in_order_is_not_redelivered(rig: Rig) -> None:
    first, second = Gate(), Gate()
    second.open.set()
    gone = await rig.serve(first)
    calls = [rig.method()(b"x", timeout=5) for _ in range(5)]
    await settled()
    await gone.stop(None)
    server = await rig.serve(second)
    await asyncio.gather(*calls)
    assert server.counters.redelivered == 0


async def test_calls_cut_off_by_a_move_of_their_partition_are_counted(rig: Rig) -> None:
    old, new = Gate(), Gate()
    new.open.set()
    server = await rig.serve(old)
    calls = await call_everywhere(rig)
    await rig.serve(new)
    await settled()
    assert server.counters.moved == len(old.cancelled) == len(new.begun) > 0
    old.open.set()
    await asyncio.gather(*calls)


async def test_a_partition_given_back_forgets_what_may_have_come_before(rig: Rig) -> None:
    dead, first, second = Gate(), Gate(), Gate()
    first.open.set()
    second.open.set()
    await rig.serve(dead)
    calls = [rig.method()(b"x", timeout=5) for _ in range(5)]
    await settled()
    (member,) = rig.broker.members(rig.queue)
    member.vanish()
    one = await rig.serve(first)
    await asyncio.gather(*calls)
    two = await rig.serve(second)
    await settled()
    await asyncio.gather(*[rig.method()(b"y", timeout=5) for _ in range(20)])
    assert (one.counters.redelivered, two.counters.redelivered) == (5, 0)
