"""An event loop in a thread of its own, for callers that have none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future

_PATIENCE = 30.0
# Seconds in which what is left tells its end to who waits for it.
_LAST_MOMENT = 0.5


class LoopClosedError(ValueError):
    """The channel or the server was closed before; a `ValueError`, as in `grpc`."""


class LoopThread:
    """Runs coroutines while other threads wait for them.

    The thread is a daemon: a program that ends without closing it ends all the same.
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._name = name
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether nothing is begun there any more."""
        return self._closed

    def submit[T](self, work: Coroutine[object, object, T]) -> Future[T]:
        """Begin a coroutine there.

        Raises:
            LoopClosedError: it is closed.
        """
        with self._lock:
            if self._closed:
                work.close()
                raise LoopClosedError(f"the {self._name} is closed")
            return asyncio.run_coroutine_threadsafe(work, self.loop)

    def wait[T](self, work: Coroutine[object, object, T]) -> T:
        """Have a coroutine run there; gives what it gives, and raises what it raises.

        Ctrl-C in the waiting thread cancels it.
        """
        future = self.submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def ask[T](self, question: Callable[[], T]) -> T:
        """Have a function run there; gives what it gives."""

        async def ask() -> T:
            return question()

        return self.wait(ask())

    def end(self) -> None:
        """Let the thread end soon; what still runs there then is cancelled."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self.loop.call_soon_threadsafe(self.loop.stop)

    def close(self) -> None:
        """End the thread, and wait for that."""
        self.end()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            # So that what was submitted is among them, and nobody waits for it in vain.
            self.loop.run_until_complete(asyncio.sleep(0))
            left = asyncio.all_tasks(self.loop)
            if left:
                self.loop.run_until_complete(asyncio.wait(left, timeout=_LAST_MOMENT))
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
