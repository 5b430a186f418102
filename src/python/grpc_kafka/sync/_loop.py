"""An event loop in a thread of its own, for callers that have none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future

_PATIENCE = 30.0


class LoopThread:
    """Runs coroutines while other threads wait for them.

    The thread is a daemon: a program that ends without closing it ends all the same.
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit[T](self, work: Coroutine[object, object, T]) -> Future[T]:
        """Begin a coroutine there."""
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

    def close(self) -> None:
        """End the thread; what still runs there is cancelled."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
