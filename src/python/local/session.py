"""One run of the system, from the first process to the last."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack

from local.errors import PartFailedError
from local.exit_code import FAILED, HURRIED, STOPPED
from local.part import State
from local.report import Report
from local.stop_request import StopRequest
from local.supervisor import Supervisor

type Company = Callable[[], Coroutine[object, object, None]]
"""Runs beside the parts until it is cancelled: the watch, the developer page."""


class Session:
    """Starts the parts, waits for the wish to stop, and stops them.

    Attributes:
        stop: The wish.
    """

    def __init__(
        self,
        parts: Supervisor,
        report: Report,
        *,
        companions: Mapping[str, Company],
        summary: str,
        strict: bool,
    ) -> None:
        """Take what is run.

        Args:
            parts: The processes.
            report: Is told what happens.
            companions: Run beside the parts, by what they are called; the parts do without.
            summary: Said when the parts are ready.
            strict: Any part that does not start ends the session.
        """
        self.stop = StopRequest()
        self.stop.on_hurry = parts.hurry
        self._parts = parts
        self._report = report
        self._companions = companions
        self._summary = summary
        self._strict = strict

    async def run(self) -> int:
        """Run to the end; gives the exit code."""
        with self.stop.listening():
            async with AsyncExitStack() as stack:
                stack.push_async_callback(self._stop_parts)
                code = await self._until_end()
        return HURRIED if self.stop.hurried else code

    async def _until_end(self) -> int:
        work = asyncio.create_task(self._work())
        asked = asyncio.create_task(self.stop.asked.wait())
        await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        work.cancel()
        (failure,) = await asyncio.gather(work, return_exceptions=True)
        if isinstance(failure, PartFailedError):
            self._report.failed(failure)
            return FAILED
        if failure is not None and not isinstance(failure, asyncio.CancelledError):
            raise failure
        return STOPPED

    async def _work(self) -> None:
        company = [
            asyncio.create_task(self._accompany(name, run))
            for name, run in self._companions.items()
        ]
        try:
            await self._start()
            await asyncio.gather(*company)
            await asyncio.get_running_loop().create_future()
        finally:
            for task in company:
                task.cancel()
            await asyncio.gather(*company, return_exceptions=True)

    async def _accompany(self, name: str, run: Company) -> None:
        try:
            await run()
        except (OSError, RuntimeError) as error:
            self._report.say(f"{name} ended, the rest goes on: {error}")

    async def _start(self) -> None:
        begun = time.perf_counter()
        await self._parts.start()
        missing = [part.name for part in self._parts.parts.values() if not part.up]
        if missing and self._strict:
            raise PartFailedError(
                missing[0], "did not start", (), self._parts.journal.path(missing[0])
            )
        took = time.perf_counter() - begun
        state = f"ready in {took:.1f} s" if not missing else f"without {', '.join(missing)}"
        self._report.say(f"\n{state}\n\n{self._summary}\n")

    async def _stop_parts(self) -> None:
        if any(part.state is not State.WAITING for part in self._parts.parts.values()):
            self._report.say("stopping (once more Ctrl-C: at once)")
        await self._parts.stop()
