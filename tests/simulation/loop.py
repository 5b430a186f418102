"""The event loop of a simulated process: asyncio's, without a selector, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, cast

from tests.simulation.timeline import Timeline


class NumberedFuture(asyncio.Future[Any]):
    """A future whose place in a set does not depend on its address in memory."""

    def __init__(self, loop: ProcessLoop) -> None:
        self.number = loop.next_number()
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self.number


class NumberedTask(asyncio.Task[Any]):
    """A task whose place in a set does not depend on its address in memory."""

    def __init__(
        self,
        coro: Coroutine[Any, Any, Any],
        loop: ProcessLoop,
        context: Context | None = None,
    ) -> None:
        self.number = loop.next_number()
        super().__init__(coro, loop=loop, context=context)

    def __hash__(self) -> int:
        return self.number


class ProcessLoop(asyncio.BaseEventLoop):
    """Runs the callbacks of one process, for as long as the process lives.

    Args:
        timeline: runs them, among those of all other processes.
        skew: seconds that this process's clock is ahead.
        failed: told of exceptions that nobody caught.

    Attributes:
        dead: whether it was killed: nothing is run any more, and nothing can be arranged.
        frozen_until: when it goes on, if it stands still.

    """

    def __init__(self, timeline: Timeline, skew: float, failed: Callable[[str], None]) -> None:
        super().__init__()
        self.dead = False
        self.frozen_until = 0.0
        self._timeline = timeline
        self._skew = skew
        self._failed = failed
        self._numbers = 0
        self.set_task_factory(_make_task)

    def next_number(self) -> int:
        """A number of its own for each future."""
        self._numbers += 1
        return self._numbers

    def wall(self) -> float:
        """What `time.time` says in this process."""
        return self._timeline.now + self._skew

    def time(self) -> float:
        """What the loop's clock says."""
        return self._timeline.now

    def is_running(self) -> bool:
        """Whether a callback of it runs now."""
        return asyncio._get_running_loop() is self

    def call_soon[*A](
        self, callback: Callable[[*A], object], *args: *A, context: Context | None = None
    ) -> asyncio.Handle:
        """Run a callback when those before it have run."""
        handle = asyncio.Handle(callback, args, self, context)
        if not self.dead:
            self._timeline.soon(self, handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_at[*A](
        self,
        when: float,
        callback: Callable[[*A], object],
        *args: *A,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run a callback at a time of the loop's clock."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        if not self.dead:
            self._timeline.at(when, self, handle)
        return handle

    def call_later[*A](
        self,
        delay: float,
        callback: Callable[[*A], object],
        *args: *A,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run a callback after some seconds."""
        return self.call_at(self._timeline.now + delay, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return NumberedFuture(self)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Tell of an exception that nobody caught; a dead process says nothing."""
        if not self.dead:
            self._failed(f"{context.get('message')}: {context.get('exception')!r}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is skipped when it is due."""

    def bury(self) -> None:
        """Let go of what a dead process has left half done, without a sound."""
        self.dead = True
        asyncio._set_running_loop(self)
        try:
            for task in asyncio.all_tasks(self):
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                coroutine = task.get_coro()
                if coroutine is not None:
                    _close(coroutine)
        finally:
            asyncio._set_running_loop(None)
        self.close()


def _make_task(
    loop: asyncio.AbstractEventLoop,
    coro: Generator[Any, None, Any] | Coroutine[Any, Any, Any],
    *,
    context: Context | None = None,
    **_: object,
) -> asyncio.Task[Any]:
    assert isinstance(loop, ProcessLoop)
    return NumberedTask(cast("Coroutine[Any, Any, Any]", coro), loop, context)


def _close(coroutine: Any) -> None:  # noqa: ANN401 - whatever a task runs
    try:
        coroutine.close()
    except BaseException:  # noqa: BLE001 - it is dead; whatever its clean-up says, nobody hears it
        return
