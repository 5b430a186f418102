"""Looks into processes: what they hold now, and what they should have let go of at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from grpc_kafka.aio._peers import INTERVAL, SILENCE
from grpc_kafka.aio._pipe import Pipe
from grpc_kafka.aio._server_stream import ServerStream
from grpc_kafka.aio._stream_call import KafkaStreamCall
from tests.simulation.group import Group
from tests.simulation.process import Process
from tests.simulation.timeline import Timeline
from tests.simulation.watch import Violations

if TYPE_CHECKING:
    from tests.simulation.cast import ClientSlot, ServerSlot

_UNREAD = 256 * 1024 + 100_000
"""Bytes of messages that one end of a stream keeps at most: its window, and one more message."""


class Inspection:
    """Looks, and notes what should not be there."""

    def __init__(self, timeline: Timeline, violations: Violations) -> None:
        self._timeline = timeline
        self._violations = violations
        self._accepted: dict[ServerStream, float] = {}

    def of_streams(self, servers: Sequence[ServerSlot], clients: Sequence[ClientSlot]) -> None:
        """What streams hold that was not read yet."""
        for slot in servers:
            desk = slot.server._desk if slot.server is not None else None
            for stream in desk._streams.values() if desk is not None else ():
                self._pipe(f"server{slot.number}", stream._pipe)
                if slot.process is not None and not stream._confirmed.done():
                    self._unconfirmed(slot.process, stream)
        for client in clients:
            channel = client.client.channel if client.client is not None else None
            for call in channel._connection.calls if channel is not None else ():
                if isinstance(call, KafkaStreamCall):
                    self._pipe(f"client{client.number}", call._pipe)

    def _unconfirmed(self, process: Process, stream: ServerStream) -> None:
        now = self._timeline.now
        since = max(self._accepted.setdefault(stream, now), process.disturbed_until)
        if now - since > SILENCE + INTERVAL + 1.0:
            self._violations.add(f"{process.name} waits {now - since:.1f} s to be confirmed")

    def _pipe(self, name: str, pipe: Pipe) -> None:
        unread = sum(map(len, pipe._messages))
        if unread > _UNREAD:
            self._violations.add(f"{name} keeps {unread} bytes of a stream that were not read")

    def of_queue(self, group: Group) -> None:
        """Everything in a queue is done with."""
        for partition, position in group.positions.items():
            end = len(group.logs[partition].records)
            if position != end:
                self._violations.add(f"partition {partition} stays at {position}, its end is {end}")

    def of_store(self, effects: Mapping[str, int]) -> None:
        """No effect is there twice."""
        for key, count in effects.items():
            if count != 1:
                self._violations.add(f"the effect of {key} is there {count} times")

    def of_clients(self, clients: Sequence[ClientSlot]) -> None:
        """Channels without calls hold none and watch nobody."""
        for slot in clients:
            if slot.client is not None:
                connection = slot.client.channel._connection
                peers = connection._peers._peers if connection._peers is not None else ()
                held = (connection._calls, connection._waiting, peers)
                self._empty(f"client{slot.number}", ("calls", "waiting", "peers"), held)

    def of_servers(self, servers: Sequence[ServerSlot]) -> None:
        """Servers without calls hold none."""
        for slot in servers:
            server = slot.server
            if server is None or server._dispatcher is None or server._desk is None:
                self._violations.add(f"server{slot.number} does not run at the end")
                continue
            made, desk = server._dispatcher, server._desk
            held = (
                *(made._running, made._known, made._backlog, made._gathering._gathered),
                *(made._answers._late, desk._streams, desk._arrivals, desk.peers._peers),
            )
            names = ("running", "known", "backlog", "parts", "late", "streams", "arrivals", "peers")
            self._empty(f"server{slot.number}", names, held)

    def of_processes(self, processes: Sequence[Process]) -> None:
        """Who was stopped has no tasks left."""
        for process in processes:
            left = asyncio.all_tasks(process.loop) if process.alive else ()
            if left:
                self._violations.add(f"{process.name} has {len(left)} tasks left: {left}")

    def _empty(self, name: str, names: Sequence[str], held: Sequence[object]) -> None:
        for what, each in zip(names, held, strict=True):
            if each:
                self._violations.add(f"{name} holds on to its {what}: {str(each)[:200]}")
