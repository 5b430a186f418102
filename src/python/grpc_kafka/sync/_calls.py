"""Calls as threads hold them: `grpc.Call`, `grpc.Future`, `grpc.RpcError` and iterator in one."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from queue import SimpleQueue
from types import TracebackType
from typing import NamedTuple, Self, cast

import grpc

from grpc_kafka.aio._rpc import Metadatum
from grpc_kafka.sync._containing import containing
from grpc_kafka.sync._loop import LoopClosedError, LoopThread

_LOG = logging.getLogger(__name__)
_END = object()

type Metadata = tuple[Metadatum, ...]


class Ending(NamedTuple):
    """How a call ended."""

    code: grpc.StatusCode
    details: str
    initial_metadata: Metadata
    trailing_metadata: Metadata
    response: object = None


class RequestFeed:
    """A thread's iterator of requests, read by a thread of its own for the loop.

    The thread is a daemon: requests that never come keep no program from ending.

    Attributes:
        failed: whether the iterator raised; the call's status is UNKNOWN then.
    """

    def __init__(self, requests: Iterable[object]) -> None:
        self.failed = False
        self._requests = requests
        self._wanted: SimpleQueue[Future[object] | None] = SimpleQueue()

    async def __aiter__(self) -> AsyncIterator[object]:
        """Give the requests, each when it is there."""
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        try:
            while True:
                wanted: Future[object] = Future()
                self._wanted.put(wanted)
                request = await asyncio.wrap_future(wanted)
                if request is _END:
                    return
                yield request
        except Exception:
            self.failed = True
            _LOG.exception("Exception iterating requests!")
            raise
        finally:
            self._wanted.put(None)

    def _read(self) -> None:
        requests: Iterator[object] | None = None
        while (wanted := self._wanted.get()) is not None:
            if wanted.set_running_or_notify_cancel():
                try:
                    with containing():
                        requests = iter(self._requests) if requests is None else requests
                        wanted.set_result(next(requests, _END))
                except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
                    wanted.set_exception(error)


class KafkaCall(grpc.RpcError, grpc.Call, grpc.Future):  # type: ignore[type-arg]  # generic in stubs alone
    """A call under way, or over; raised by itself when it ended with another status than OK.

    Args:
        thread: where its asynchronous twin lives.
        call: the twin.
        deadline: in seconds of the monotonic clock.
        unary: whether one response is its result.
        feed: its requests, when they stream.

    """

    def __init__(
        self,
        thread: LoopThread,
        call: grpc.aio.Call,
        deadline: float | None,
        *,
        unary: bool,
        feed: RequestFeed | None = None,
    ) -> None:
        super().__init__()
        self._thread = thread
        self._call = call
        self._deadline = deadline
        self._unary = unary
        self._feed = feed
        self._locally_cancelled = False
        self._ending = thread.submit(self._end())
        self._lock = threading.Lock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> object:
        """The next response.

        Raises:
            KafkaCall: it ended with another status than OK.
        """
        stream = cast("grpc.aio.UnaryStreamCall[object, object]", self._call)

        async def read() -> object:
            try:
                return await stream.read()
            except (grpc.aio.AioRpcError, asyncio.CancelledError):
                return grpc.aio.EOF

        try:
            response = self._thread.wait(read())
        except (LoopClosedError, CancelledError):
            response = grpc.aio.EOF
        if response is not grpc.aio.EOF:
            return response
        self._raise_unless_ok()
        raise StopIteration

    def result(self, timeout: float | None = None) -> object:
        """The one response; of a stream of them, the call itself once it is over.

        Raises:
            grpc.FutureTimeoutError: it is not over in `timeout` seconds.
            grpc.FutureCancelledError: it was cancelled here.
            KafkaCall: it ended with another status than OK.
        """
        ending = self._ended(timeout)
        if self._locally_cancelled:
            raise grpc.FutureCancelledError
        self._raise_unless_ok()
        return ending.response if self._unary else self

    def exception(self, timeout: float | None = None) -> Self | None:
        """The call itself unless it went well.

        Raises:
            grpc.FutureTimeoutError: it is not over in `timeout` seconds.
            grpc.FutureCancelledError: it was cancelled here.
        """
        ending = self._ended(timeout)
        if self._locally_cancelled:
            raise grpc.FutureCancelledError
        return None if ending.code is grpc.StatusCode.OK else self

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        """Where it was raised, or is now; None if it went well."""
        try:
            self.result(timeout)
        except KafkaCall as error:
            return error.__traceback__
        return None

    def cancel(self) -> bool:
        """End it here and tell the server; False when it is over."""
        try:
            done = self._thread.ask(self._call.cancel)
        except LoopClosedError:
            return False
        self._locally_cancelled |= done
        return done

    def cancelled(self) -> bool:
        """Whether it was cancelled here."""
        return self._locally_cancelled

    def done(self) -> bool:
        """Whether it is over."""
        return self._ending.done()

    def running(self) -> bool:
        """Whether it is under way."""
        return not self.done()

    def is_active(self) -> bool:
        """Whether it is under way."""
        return not self.done()

    def time_remaining(self) -> float | None:  # type: ignore[override]  # None, as in grpc
        """Seconds until its deadline, None without one."""
        return None if self._deadline is None else max(self._deadline - time.monotonic(), 0)

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Call back when it is over; False, and no call back, when it is so already."""
        with self._lock:
            if self._ending.done():
                return False
            self._ending.add_done_callback(lambda _ending: callback())
            return True

    def add_done_callback(self, fn: Callable[[Self], None]) -> None:
        """Call back with this call when it is over, at once if it is so already."""
        self._ending.add_done_callback(lambda _ending: fn(self))

    def initial_metadata(self) -> Metadata:
        """What the server sent before its first response; waits for it."""
        if self._ending.done():
            return self._ended(None).initial_metadata
        return metadata_of(self._thread.wait(self._call.initial_metadata()))

    def trailing_metadata(self) -> Metadata:  # type: ignore[override]  # stubs' own name
        """What the server sent with its status; waits for it."""
        return self._ended(None).trailing_metadata

    def code(self) -> grpc.StatusCode:
        """The status that it ended with; waits for it."""
        return self._ended(None).code

    def details(self) -> str:
        """The text beside its status; waits for it."""
        return self._ended(None).details

    def debug_error_string(self) -> str:
        """Status and text in one line; empty when it went well."""
        code, details, *_ = self._ended(None)
        return "" if code is grpc.StatusCode.OK else f"{code.name}:{details}"

    def __str__(self) -> str:
        if not self._ending.done():
            return f"<{type(self).__name__} under way>"
        code, details, *_ = self._ended(None)
        return f"<{type(self).__name__} that ended {code.name}: {details!r}>"

    __repr__ = __str__

    async def _end(self) -> Ending:
        call = self._call
        response: object = None
        if self._unary:
            one = cast("grpc.aio.UnaryUnaryCall[object, object]", call)
            try:
                response = await one
            except (grpc.aio.AioRpcError, asyncio.CancelledError):
                response = None
        ending = Ending(
            await call.code(),
            await call.details(),
            metadata_of(await call.initial_metadata()),
            metadata_of(await call.trailing_metadata()),
            response,
        )
        if self._feed is not None and self._feed.failed:
            text = "Exception iterating requests!"
            return ending._replace(code=grpc.StatusCode.UNKNOWN, details=text)
        return ending

    def _ended(self, timeout: float | None) -> Ending:
        try:
            return self._ending.result(timeout)
        except TimeoutError:
            raise grpc.FutureTimeoutError from None
        except CancelledError:
            return Ending(grpc.StatusCode.CANCELLED, "Channel closed!", (), ())

    def _raise_unless_ok(self) -> None:
        if self._ended(None).code is not grpc.StatusCode.OK:
            raise self


def metadata_of(entries: Iterable[tuple[str, str | bytes]] | None) -> Metadata:
    """Metadata as `grpc` gives it: entries with `key` and `value`."""
    return tuple(Metadatum(key, value) for key, value in entries or ())
