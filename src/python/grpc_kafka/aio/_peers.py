"""Whether the processes that streams go to still live.

Each process tells every other one with which it has a stream that it lives, once an interval; so
the cost grows with processes, not with streams. Any frame of a stream tells it as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from grpc_kafka.protocol import Address, Encoded, Ping, encode_ping, key_of

INTERVAL = 2.0
"""Seconds between two PINGs to a process."""

SILENCE = 8.0
"""Seconds without a sign of life after which a process is taken for dead."""

type Post = Callable[[Address, Encoded], None]
type Lost = Callable[[], None]


@dataclass(slots=True)
class _Peer:
    address: Address
    heard: float
    lost: dict[bytes, Lost] = field(default_factory=dict)


class Peers:
    """The processes at the other ends of streams.

    Args:
        post: sends a record to a process.
        home: where this process hears; None while it is not known.

    """

    def __init__(self, post: Post, home: Callable[[], Address | None]) -> None:
        self._post = post
        self._home = home
        self._loop = asyncio.get_running_loop()
        self._peers: dict[str, _Peer] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def watch(self, address: Address, call_id: bytes, lost: Lost) -> None:
        """Call `lost` when the process at the other end of this call falls silent."""
        peer = self._peers.get(address.instance)
        if peer is None:
            peer = self._peers[address.instance] = _Peer(address, self._loop.time())
        peer.lost[call_id] = lost
        if self._timer is None:
            self._look_later()

    def unwatch(self, address: Address, call_id: bytes) -> None:
        """The call is over."""
        peer = self._peers.get(address.instance)
        if peer is not None:
            peer.lost.pop(call_id, None)
            if not peer.lost:
                del self._peers[address.instance]

    def heard(self, instance: str) -> None:
        """A process gave a sign of life."""
        peer = self._peers.get(instance)
        if peer is not None:
            peer.heard = self._loop.time()

    def close(self) -> None:
        """Watch nobody any more."""
        self._peers.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_later(self) -> None:
        self._due = self._loop.time() + INTERVAL
        self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        # A loop that is late itself has not read what came meanwhile: that is nobody's silence.
        late = now - self._due
        for instance, peer in list(self._peers.items()):
            peer.heard += late
            if now - peer.heard > SILENCE:
                del self._peers[instance]
                for lost in list(peer.lost.values()):
                    lost()
            else:
                self._ping(peer.address)
        if self._peers and self._timer is None:
            self._look_later()

    def _ping(self, to: Address) -> None:
        home = self._home()
        if home is not None:
            ping = Ping(key_of(to.instance), to.instance, home)
            self._post(to, encode_ping(ping))
