"""What becomes of requests when partitions move between servers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc

from grpc_kafka.aio.conftest import HOME, Gate, call_everywhere, key, settled
from grpc_kafka.protocol import (
    Request,
    encode_request,
)

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]


async def test_a_new_member_gets_its_share_and_what_was_not_begun(rig: Rig) -> None:
    busy, fresh = Gate(), Gate()
    fresh.open.set()
    await rig.serve(busy, maximum_concurrent_rpcs=1)
    method = rig.method()
    calls = [method(str(number).encode(), timeout=5) for number in range(40)]
    await settled()
    assert len(busy.begun) == 1
    await rig.serve(fresh)
    await settled()
    busy.open.set()
    assert len(await asyncio.gather(*calls)) == 40
    assert len(fresh.begun) > 5
    await settled()
    assert rig.committed == 40


async def test_what_was_not_begun_is_left_to_the_next_owner_alone(rig: Rig) -> None:
    old, new = Gate(), Gate()
    new.open.set()
    await rig.serve(old, maximum_concurrent_rpcs=1)
    for number in (1, 2):
        request = Request(key(number), "/test.Echo/Call", HOME, None, (), b"%d" % number)
        rig.broker.publish(rig.queue, encode_request(request), partition=1)
    await settled()
    await rig.serve(new)
    await settled()
    assert (old.begun, new.begun) == ([b"1"], [b"1", b"2"])


async def test_a_run_is_cancelled_when_another_server_has_its_request(rig: Rig) -> None:
    old, new = Gate(), Gate()
    new.open.set()
    await rig.serve(old)
    calls = await call_everywhere(rig)
    await rig.serve(new)
    await settled()
    assert old.cancelled
    assert sorted(old.cancelled) == sorted(new.begun)
    old.open.set()
    await asyncio.gather(*calls)
    assert sorted(old.begun) == sorted(b"%d" % number for number in range(len(calls)))
    await settled()
    assert rig.committed == len(calls)


async def test_a_partition_that_comes_back_brings_what_was_not_answered(rig: Rig) -> None:
    gate = Gate()
    await rig.serve(gate)
    call = rig.method()(b"x", timeout=5)
    await settled()
    for _ in range(4):
        other = await rig.serve(Gate())
        await other.stop(None)
        await settled()
    assert len(gate.begun) == len(gate.cancelled) + 1
    gate.open.set()
    assert await call == b"x"
    await settled()
    assert rig.committed == 1
    assert rig.answers == 1


async def test_a_request_that_comes_back_while_its_old_run_still_ends_is_begun_anew(
    rig: Rig,
) -> None:
    begun = 0
    gone = asyncio.Event()

    async def reluctant(request: bytes, _context: Context) -> bytes:
        nonlocal begun
        begun += 1
        if begun == 1:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await gone.wait()
                raise
        return request

    await rig.serve(reluctant)
    request = Request(key(1), "/test.Echo/Call", HOME, None, (), b"x")
    rig.broker.publish(rig.queue, encode_request(request), partition=1)
    await settled()
    other = await rig.serve(Gate())
    await settled()
    await other.stop(None)
    await settled()
    assert (begun, rig.answers) == (2, 1)
    gone.set()
    await settled()
    assert (begun, rig.committed, rig.answers) == (2, 1, 1)
