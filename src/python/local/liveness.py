"""Whether what was ready still is: asked seldom, and told only when the answer changes."""

import asyncio
from collections.abc import Iterable

from local.part import Part, State
from local.program import NotReadyError
from local.report import Report

_INTERVAL = 5.0  # seconds
_PATIENCE = 2  # answers in a row that say no, before that is told


class Liveness:
    """Asks every server that has a probe; a part's `detail` holds what is wrong, or nothing."""

    def __init__(
        self, parts: Iterable[Part], report: Report, *, interval: float = _INTERVAL
    ) -> None:
        self._parts = [part for part in parts if part.program.probe is not None]
        self._report = report
        self._interval = interval
        self._refusals: dict[str, int] = {}

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            await asyncio.gather(*(self._ask(part) for part in self._parts))

    async def _ask(self, part: Part) -> None:
        probe, child = part.program.probe, part.child
        if part.state is not State.READY or probe is None:
            self._refusals.pop(part.name, None)
            return
        try:
            await probe.check()
        except NotReadyError as error:
            if part.child is child and part.state is State.READY:
                self._refused(part, str(error))
        else:
            self._answered(part)

    def _refused(self, part: Part, why: str) -> None:
        part.detail = why
        count = self._refusals.get(part.name, 0) + 1
        self._refusals[part.name] = count
        if count == _PATIENCE:
            self._report.say(f"{part.name} is not healthy: {why}")

    def _answered(self, part: Part) -> None:
        part.detail = ""
        if self._refusals.pop(part.name, 0) >= _PATIENCE:
            self._report.say(f"{part.name} is healthy again")
