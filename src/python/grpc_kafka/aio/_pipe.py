"""Messages of a stream in both directions, as fast as both ends can take them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from grpc_kafka.protocol import (
    SHARED,
    Address,
    Encoded,
    FrameKind,
    HalfClose,
    Joiner,
    Message,
    Role,
    State,
    Stream,
    StreamFrame,
    Window,
    cut,
    encode_stream,
    parts_of,
)

type Make = Callable[[str, int], StreamFrame]
"""Makes a frame of the instance that it is for, and of its number."""


class Pipe:
    """One end of a stream: writes while there is credit, keeps what was not read yet.

    Args:
        call_id: of the stream.
        role: which end this is.
        post: sends a record to a process.
        receive_limit: bytes that a message from the other end may have; None for no limit.

    Attributes:
        stream: the stream's numbering, credit and state.
        peer: where the other end hears, once it is known.

    """

    def __init__(
        self,
        call_id: bytes,
        role: Role,
        post: Callable[[Address, Encoded], None],
        *,
        receive_limit: int | None,
    ) -> None:
        self.stream = Stream(role)
        self.peer: Address | None = None
        self._call_id = call_id
        self._post = post
        self._receive_limit = receive_limit
        self._loop = asyncio.get_running_loop()
        self._messages: deque[bytes] = deque()
        self._joiner = Joiner()
        self._written: list[bytes] = []
        self._written_bytes = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._complete = False
        self._over = False

    @property
    def drained(self) -> bool:
        """Whether everything was read that will ever come."""
        return self._over or (self._complete and not self._messages)

    def send(self, kind: FrameKind, make: Make) -> None:
        """Send a frame to the other end, behind the messages that were written.

        Raises:
            UnexpectedFrameError: not now.
        """
        self.flush()
        if self.peer is not None:
            number = self.stream.send(kind)
            self._post(self.peer, encode_stream(make(self.peer.instance, number)))

    async def write(self, message: bytes) -> bool:
        """Send a message as soon as there is credit; False when the stream ended before.

        Messages written in one turn of the loop share a record. What is written after the other
        end has said how the stream ended is for nobody.
        """
        while self.stream.credit <= 0 and not self._over and not self._closed:
            await self._change()
        if self._over:
            return False
        if not self._closed:
            self.stream.spend(message)
            self._put(message)
        return True

    def flush(self) -> None:
        """Send the messages that were written, if the other end still takes any."""
        messages, self._written = self._written, []
        self._written_bytes = 0
        if not messages or self._closed:
            return
        if len(messages) > 1:
            sizes = tuple(map(len, messages))
            self.send(FrameKind.MESSAGE, self._message_of(b"".join(messages), sizes=sizes))
            return
        for part, more in parts_of(messages[0]):
            self.send(FrameKind.MESSAGE, self._message_of(part, more=more))

    async def half_close(self) -> None:
        """Say that no more messages follow, once the other end is known."""
        while self.peer is None and not self._over:
            await self._change()
        if not self._over and self.stream.state is State.OPEN:
            self.send(FrameKind.HALF_CLOSE, self._half_close)

    async def read(self) -> bytes | None:
        """The next message; None when there are no more, or the stream was broken off."""
        while not self._messages:
            if self.drained:
                return None
            await self._change()
        message = self._messages.popleft()
        grant = self.stream.take(message)
        if grant and not self._complete:
            self.send(FrameKind.WINDOW, self._window_of(grant))
        return message

    def receive(self, frame: Message | Window | HalfClose) -> int:
        """Take what goes both ways; gives the size of a message past the limit, 0 otherwise.

        Those before it can still be read. Those behind it are for nobody.

        Raises:
            CreditExceededError: a message that the other end had no credit for.
            CreditOverflowError: more credit than there can be.
        """
        match frame:
            case Message():
                return self._take(frame)
            case Window():
                self.stream.grant(frame.credit)
            case HalfClose():
                self.stream.grant(frame.credit)
                self._complete = True
        self.wake()
        return 0

    @property
    def _closed(self) -> bool:
        return self.stream.state is State.CLOSED

    def _put(self, message: bytes) -> None:
        if self._written_bytes + len(message) > SHARED:
            self.flush()
        if not self._written:
            self._loop.call_soon(self.flush)
        self._written.append(message)
        self._written_bytes += len(message)

    def complete(self) -> None:
        """No more messages come; those that are here can be read."""
        self._complete = True
        self.wake()

    def break_off(self) -> None:
        """End it at once, for readers and writers."""
        self._over = True
        self._messages.clear()
        self._written.clear()
        self.wake()

    def wake(self) -> None:
        """Let everyone who waits look again."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _take(self, frame: Message) -> int:
        if self._complete:
            return 0
        if frame.sizes:
            return self._take_all(cut(frame.message, frame.sizes))
        message = self._joiner.add(frame.message, frame.more)
        if message is not None:
            return self._take_all([message])
        return self._past_limit(self._joiner.size)

    def _take_all(self, messages: Iterable[bytes]) -> int:
        for message in messages:
            size = len(message)
            if self._past_limit(size):
                return size
            self.stream.admit(size)
            self._messages.append(message)
        self.wake()
        return 0

    def _past_limit(self, size: int) -> int:
        if self._receive_limit is None or size <= self._receive_limit:
            return 0
        self.complete()
        return size

    async def _change(self) -> None:
        future = self._loop.create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    def _message_of(self, part: bytes, *, more: bool = False, sizes: tuple[int, ...] = ()) -> Make:
        return lambda to, number: Message(self._call_id, to, number, part, more, sizes)

    def _window_of(self, credit: int) -> Make:
        return lambda to, number: Window(self._call_id, to, number, credit)

    def _half_close(self, to: str, number: int) -> HalfClose:
        return HalfClose(self._call_id, to, number)
