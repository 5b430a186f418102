from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka.aio.conftest import Gate, settled

if TYPE_CHECKING:
    from grpc_kafka.aio import KafkaServer
    from grpc_kafka.aio.conftest import Rig


async def _stopping(made: KafkaServer, grace: float | None) -> asyncio.Task[None]:
    task = asyncio.create_task(made.stop(grace))
    await settled()
    return task


async def test_stopping_finishes_what_runs_and_takes_nothing_more(rig: Rig) -> None:
    gate, next_one = Gate(), Gate()
    next_one.open.set()
    made = await rig.serve(gate)
    method = rig.method()
    running = method(b"running", timeout=5)
    await settled()
    stop = await _stopping(made, 5)
    late = method(b"late", timeout=5)
    await settled()
    assert not made.healthy().ok
    assert not stop.done()
    gate.open.set()
    assert await running == b"running"
    await stop
    assert await made.wait_for_termination()
    assert gate.begun == [b"running"]
    await rig.serve(next_one)
    assert await late == b"late"
    assert next_one.begun == [b"late"]


async def test_what_grace_did_not_suffice_for_the_next_server_answers(rig: Rig) -> None:
    slow, next_one = Gate(), Gate()
    next_one.open.set()
    made = await rig.serve(slow)
    call = rig.method()(b"x", timeout=5)
    await settled()
    assert not await made.wait_for_termination(0.01)
    await made.stop(0.02)
    assert slow.cancelled == [b"x"]
    assert not call.done()
    await rig.serve(next_one)
    assert await call == b"x"


async def test_a_handler_that_will_not_end_does_not_keep_a_server_from_stopping(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._server._PATIENCE", 0.02)
    gate = Gate()

    async def stubborn(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        try:
            return await gate(request, context)
        except asyncio.CancelledError:
            return await gate(request, context)

    made = await rig.serve(stubborn)
    call = rig.method()(b"x", timeout=5)
    await settled()
    async with asyncio.timeout(20):
        await made.stop(None)
    assert "1 of them" in caplog.text
    gate.open.set()
    await settled()
    assert not call.done()
    assert not any(rig.broker.committed(rig.queue).values())


async def test_the_shortest_grace_holds(rig: Rig) -> None:
    gate = Gate()
    made = await rig.serve(gate)
    call = rig.method()(b"x", timeout=5)
    await settled()
    patient = await _stopping(made, 60)
    await asyncio.wait_for(made.stop(None), 20)
    await asyncio.wait_for(patient, 20)
    assert gate.cancelled == [b"x"]
    call.cancel()


async def test_a_server_starts_once(rig: Rig) -> None:
    made = await rig.serve(Gate())
    assert made.healthy().ok
    with pytest.raises(grpc.aio.UsageError, match="make another"):
        await made.start()


async def test_a_server_that_was_stopped_does_not_start_again(rig: Rig) -> None:
    made = await rig.serve(Gate())
    await made.stop(None)
    with pytest.raises(grpc.aio.UsageError, match="make another"):
        await made.start()
    assert rig.broker.members(rig.queue) == []
