"""A client and a server go on whatever is written to their topics by whoever may write there.

Forgers know all that can be known: topics, addresses, and the call ids of some calls, the victims.
What becomes of these is open, save that they end. All other calls succeed.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import Endpoint
from grpc_kafka.aio import KafkaChannel, channel, server
from grpc_kafka.protocol import (
    CALL_ID_LENGTH,
    Accept,
    Encoded,
    FrameKind,
    MalformedRecordError,
    Request,
    decode,
)
from grpc_kafka.testing import InMemoryBroker
from tests.fuzz import records
from tests.fuzz.timed import LONGEST, rounds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

type Context = grpc.aio.ServicerContext[bytes, bytes]
type Requests = AsyncIterator[bytes]
type Unary = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
type Chat = grpc.aio.StreamStreamMultiCallable[bytes, bytes]

_SERVICE = "fuzz.Echo"
_QUEUE = f"blue.{_SERVICE}"
_INBOX = "blue.tests.inbox"
_FORGED = 300
_PATIENCE = 30.0
_VICTIMS_LIVE = 0.3


async def _echo(request: bytes, _context: Context) -> bytes:
    await asyncio.sleep(0)
    return request


async def _chat(requests: Requests, _context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


@dataclass(slots=True)
class _Known:
    """What forgers know."""

    ids: list[bytes]
    words: list[bytes]


@pytest.mark.timeout(LONGEST + 120)
async def test_honest_calls_succeed_whatever_is_written_to_the_topics() -> None:
    unhandled: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    for number in rounds():
        try:
            async with asyncio.timeout(_PATIENCE):
                await _round(random.Random(number))  # noqa: S311 - to be the same again
        except Exception as error:
            error.add_note(f"the round was that of random.Random({number})")
            raise
        assert unhandled == [], f"in the round of random.Random({number})"


async def _round(chance: random.Random) -> None:
    broker = InMemoryBroker(partitions=chance.randint(1, 4))
    endpoint = Endpoint("nowhere:1", "blue", "tests")
    # Streams that nobody confirms take their places for a while.
    made = server(endpoint, broker=broker, maximum_concurrent_rpcs=100_000)
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Call": grpc.unary_unary_rpc_method_handler(_echo),
        "Chat": grpc.stream_stream_rpc_method_handler(_chat),
    }
    made.add_registered_method_handlers(_SERVICE, handlers)
    await made.start()
    async with channel(endpoint, broker=broker) as opened:
        victims = [asyncio.create_task(_victim(opened, streams=each % 2 == 0)) for each in range(4)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        known = _known(broker)
        forging = asyncio.create_task(_forge(broker, known, chance))
        honest = [asyncio.create_task(_honest(opened, b"%d" % each)) for each in range(4)]
        await asyncio.gather(forging, *honest, *victims)
        # What was done to them did not last.
        await _honest(opened, b"after")
        assert opened.healthy().ok
        assert made.healthy().ok
    await made.stop(0)
    # grpcio's own writers of requests notice a little later that their calls are over.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left or not (await asyncio.wait(left, timeout=20))[1]


async def _honest(opened: KafkaChannel, word: bytes) -> None:
    unary: Unary = opened.unary_unary(f"/{_SERVICE}/Call")
    chat: Chat = opened.stream_stream(f"/{_SERVICE}/Chat")
    for _ in range(5):
        assert await unary(word, timeout=_PATIENCE) == word
    call = chat(timeout=_PATIENCE)
    for size in (0, 10, 1000):
        await call.write(word + bytes(size))
        assert await call.read() == word + bytes(size)
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF
    assert await call.code() is grpc.StatusCode.OK


async def _victim(opened: KafkaChannel, *, streams: bool) -> None:
    call: grpc.aio.Call
    if streams:
        chat: Chat = opened.stream_stream(f"/{_SERVICE}/Chat")
        call = chat(_slowly(), timeout=_VICTIMS_LIVE)
    else:
        unary: Unary = opened.unary_unary(f"/{_SERVICE}/Missing")
        call = unary(b"x", timeout=_VICTIMS_LIVE)
    await call.code()


async def _slowly() -> AsyncIterator[bytes]:
    while True:
        yield bytes(50_000)
        await asyncio.sleep(0.01)


def _known(broker: InMemoryBroker) -> _Known:
    known = _Known([bytes(CALL_ID_LENGTH)], [])
    for record in [*broker.records(_QUEUE), *broker.records(_INBOX)]:
        try:
            frame = decode(record.key, record.headers, record.value)
        except MalformedRecordError:
            continue
        known.ids.append(frame.call_id)
        if isinstance(frame, (Request, Accept)):
            instance = frame.reply_to.instance.encode()
            known.words += [str(frame.reply_to).encode(), instance]
            known.ids.append(instance[:CALL_ID_LENGTH].ljust(CALL_ID_LENGTH, b"\0"))
    return known


async def _forge(broker: InMemoryBroker, known: _Known, chance: random.Random) -> None:
    partitions = len({record.partition for record in broker.records(_QUEUE)}) or 1
    for number in range(_FORGED):
        if number % 20 == 0:
            await asyncio.sleep(0)
            known.words += [word for word in _known(broker).words if word not in known.words]
        topic = chance.choice([_QUEUE, _INBOX])
        broker.publish(topic, _forged(known, chance), partition=chance.randrange(partitions))


def _forged(known: _Known, chance: random.Random) -> Encoded:
    kind = chance.choice(list(FrameKind))
    words = [*known.words * 4, *records.VALUES, f"/{_SERVICE}/Call".encode()]
    headers = [(":version", b"1"), (":frame", kind.encode())]
    for name in records.BEGINNINGS[kind]:
        fitting = _fitting(name, known, chance)
        headers.append((name, fitting if chance.random() < 0.9 else chance.choice(words)))
    more = range(chance.choice([0, 0, 1, 3]))
    headers += [(chance.choice(records.NAMES), chance.choice(words)) for _ in more]
    value = chance.choice([None, b"", b"x", bytes(20_000), chance.randbytes(30)])
    return Encoded(chance.choice(known.ids), headers, value)


def _fitting(name: str, known: _Known, chance: random.Random) -> bytes:
    addresses = [word for word in known.words if b"/" in word] or [b"blue.tests.inbox/0/x"]
    instances = [word for word in known.words if b"/" not in word] or [b"x"]
    match name:
        case ":path":
            return f"/{_SERVICE}/{chance.choice(['Call', 'Chat', 'Missing'])}".encode()
        case ":reply-to":
            return chance.choice(addresses)
        case ":sequence":
            return b"%d" % chance.choice([0, 1, 2, 3, 2**63 - 1])
        case ":credit":
            return b"%d" % chance.choice([0, 1, 2**20, 2**31, 2**63 - 1])
        case "grpc-status":
            return b"%d" % chance.choice([0, 5, 14])
        case _:
            return chance.choice(instances)
