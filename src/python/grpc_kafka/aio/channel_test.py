"""What a channel is to its owner: its state, its end, and what it keeps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import (
    BrokerError,
    Health,
)
from grpc_kafka.aio.conftest import echo, error_of, settled
from grpc_kafka.protocol import FrameKind

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]


async def _sleep(_request: bytes, _context: Context) -> bytes:
    await asyncio.sleep(60)
    return b"late"


def _kinds(rig: Rig) -> list[bytes | None]:
    return [dict(record.headers or ())[":frame"] for record in rig.broker.records(rig.queue)]


async def test_a_bug_in_a_broker_ends_who_waits_for_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        raise KeyError("bug")

    await rig.serve(echo)
    method = rig.method()
    with monkeypatch.context() as patch:
        patch.setattr(rig.broker, "open_inbox", fail)
        for _ in range(2):
            error = await error_of(method(b"x", timeout=5))
            assert error.code() is grpc.StatusCode.INTERNAL
            assert "KeyError" in (error.details() or "")
    assert await method(b"x", timeout=5) == b"x"


async def test_an_inbox_that_cannot_be_read_is_tried_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.serve(echo)
    with monkeypatch.context() as patch:

        async def fail(*_arguments: object) -> None:
            raise BrokerError("no broker answers")

        patch.setattr(rig.broker, "open_inbox", fail)
        channel = rig.channel()
        patient = rig.method(channel)(b"x", timeout=5)
        for _ in range(2):
            hasty = await error_of(rig.method(channel)(b"x", wait_for_ready=False))
            assert hasty.code() is grpc.StatusCode.UNAVAILABLE
            assert "no broker answers" in (hasty.details() or "")
        assert channel.get_state() is grpc.ChannelConnectivity.TRANSIENT_FAILURE
        assert not channel.healthy().ok
    assert await patient == b"x"


async def test_closing_a_channel_cancels_what_is_under_way(rig: Rig) -> None:
    await rig.serve(_sleep)
    channel = rig.channel()
    method = rig.method(channel)
    call = method(b"x")
    await settled()
    await channel.close()
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert _kinds(rig)[-1] == FrameKind.CANCEL.encode()
    with pytest.raises(grpc.aio.UsageError, match="closed"):
        _ = method(b"x")
    with pytest.raises(grpc.aio.UsageError, match="closed"):
        await channel.channel_ready()
    assert not channel.healthy().ok
    await channel.close()


async def test_a_channel_that_closes_is_closed_whatever_its_brokers_do(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        raise BrokerError("no broker answers")

    monkeypatch.setattr(rig.broker, "open_inbox", fail)
    monkeypatch.setattr("grpc_kafka.aio._home._FIRST_RETRY", 0.005)
    channel = rig.channel()
    method = rig.method(channel)
    call = method(b"x", timeout=5)
    closing = asyncio.create_task(channel.close(0.05))
    await asyncio.sleep(0.02)
    assert channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN
    with pytest.raises(grpc.aio.UsageError):
        _ = method(b"x")
    await closing
    assert call.cancelled()


async def test_closing_with_grace_lets_calls_finish(rig: Rig) -> None:
    async def soon(request: bytes, _context: Context) -> bytes:
        await asyncio.sleep(0.05)
        return request

    await rig.serve(soon)
    channel = rig.channel()
    call = rig.method(channel)(b"x")
    await channel.channel_ready()
    await channel.close(grace=5)
    assert await call == b"x"
    with pytest.raises(ValueError, match="grace"):
        await channel.close(grace=-1)


async def test_a_channel_tells_its_state(rig: Rig) -> None:
    async with rig.channel() as channel:
        assert channel.get_state() is grpc.ChannelConnectivity.IDLE
        assert not channel.healthy().ok
        change = asyncio.create_task(channel.wait_for_state_change(grpc.ChannelConnectivity.IDLE))
        await asyncio.sleep(0)
        await channel.channel_ready()
        await change
        assert channel.get_state() is grpc.ChannelConnectivity.READY
        assert channel.healthy().ok
    assert channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN


async def test_a_channel_whose_brokers_fall_silent_is_failing_until_they_answer(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.serve(echo)
    channel = rig.channel()
    method = rig.method(channel)
    await method(b"x")
    monkeypatch.setattr("grpc_kafka.aio._connection._LOOK", 0.005)
    with monkeypatch.context() as patch:
        silence = Health(ok=False, detail="no broker answers")
        patch.setattr("grpc_kafka.testing._Inbox.healthy", lambda _inbox: silence)
        await channel.wait_for_state_change(grpc.ChannelConnectivity.READY)
        assert channel.get_state() is grpc.ChannelConnectivity.TRANSIENT_FAILURE
        hasty = await error_of(method(b"x", wait_for_ready=False, timeout=5))
        assert hasty.code() is grpc.StatusCode.UNAVAILABLE
        assert hasty.details() == "no broker answers"
        assert await method(b"patient") == b"patient"
    await channel.channel_ready()
    assert await method(b"x", wait_for_ready=False, timeout=5) == b"x"


async def test_who_gives_up_waiting_for_a_state_is_forgotten(rig: Rig) -> None:
    channel = rig.channel()
    await channel.channel_ready()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(
                channel.wait_for_state_change(grpc.ChannelConnectivity.READY), 0.001
            )
    assert not channel._connection._watchers


async def test_nothing_is_kept_of_a_call_that_is_over(rig: Rig) -> None:
    await rig.serve(echo)
    channel = rig.channel()
    method = rig.method(channel)
    await asyncio.gather(*[method(b"x") for _ in range(50)])
    assert (await error_of(method(b"x", timeout=0))).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    method(b"x").cancel()
    assert channel._connection.calls == []


async def test_call_credentials_are_refused(rig: Rig) -> None:
    credentials = grpc.access_token_call_credentials("token")
    with pytest.raises(grpc.aio.UsageError, match="credentials"):
        _ = rig.method()(b"x", credentials=credentials)
