"""A way to a broker on which it can seem to say that its cluster has no brokers.

    async with relay.to(broker.bootstrap_servers) as way:
        broker.advertise(way.port)
        with way.emptied():
            ...

Apache Kafka says so for a moment when it has just gone on after ten seconds of standing still.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

_METADATA = 3
_FLEXIBLE = 9
_REQUEST = struct.Struct(">hhi")
_LENGTH = struct.Struct(">i")
# A response's correlation, tags, and throttle time.
_BEFORE_BROKERS = 9
_NO_BROKERS = b"\x01"


@dataclass(slots=True)
class Relay:
    """What passes between clients and a broker, and how many connections there are.

    Attributes:
        port: where it listens, on 127.0.0.1.
        clients: how many are connected.
    """

    host: str
    broker_port: int
    port: int = 0
    clients: int = 0
    _emptied: bool = False

    @property
    def address(self) -> str:
        """What a client is told to begin with."""
        return f"127.0.0.1:{self.port}"

    @contextmanager
    def emptied(self) -> Iterator[None]:
        """Leave all brokers out of the answers about the cluster."""
        self._emptied = True
        try:
            yield
        finally:
            self._emptied = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client until one of both sides closes the connection."""
        self.clients += 1
        from_broker, to_broker = await asyncio.open_connection(self.host, self.broker_port)
        asked: dict[int, int] = {}
        try:
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._requests(reader, to_broker, asked)),
                    asyncio.ensure_future(self._responses(from_broker, writer, asked)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            self.clients -= 1
            to_broker.close()
            writer.close()

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, int]
    ) -> None:
        async for frame in _frames(reader):
            request, version, correlation = _REQUEST.unpack_from(frame)
            if request == _METADATA:
                asked[correlation] = version
            writer.write(_LENGTH.pack(len(frame)) + frame)

    async def _responses(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, int]
    ) -> None:
        async for frame in _frames(reader):
            version = asked.pop(_LENGTH.unpack_from(frame)[0], None)
            sent = frame
            if self._emptied and version is not None:
                assert version >= _FLEXIBLE  # for older clients it would have to be read otherwise
                sent = without_brokers(frame)
            writer.write(_LENGTH.pack(len(sent)) + sent)


def without_brokers(metadata: bytes) -> bytes:
    """The response to a metadata request, of version 9 or later, without its brokers."""
    count, at = _number(metadata, _BEFORE_BROKERS)
    for _ in range(count - 1):
        at = _after_text(metadata, at + 4)
        at = _after_text(metadata, at + 4)
        tags, at = _number(metadata, at)
        assert not tags  # none is defined
    return metadata[:_BEFORE_BROKERS] + _NO_BROKERS + metadata[at:]


@asynccontextmanager
async def to(address: str) -> AsyncIterator[Relay]:
    """Listen on a free port, until the end."""
    host, _, port = address.rpartition(":")
    way = Relay(host, int(port))
    server = await asyncio.start_server(way.carry, "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()


async def _frames(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
            yield await reader.readexactly(length)


def _after_text(data: bytes, at: int) -> int:
    length, at = _number(data, at)
    return at + max(length - 1, 0)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of variable length, and what comes after it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
