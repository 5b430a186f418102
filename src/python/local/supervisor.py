"""All parts together: started as their needs allow, stopped in the reverse order."""

import asyncio
import time
from collections.abc import Iterable, Sequence

from local.errors import PartFailedError
from local.journal import Journal
from local.order import check_order, users_of
from local.part import Part, State, Surroundings
from local.program import Program
from local.report import Report


class Supervisor:
    """Runs programs.

    Attributes:
        parts: Each program's life, by its name, in the order in which they were given.
        started: Set when the start is over, however it ended.
    """

    def __init__(self, programs: Sequence[Program], around: Surroundings, report: Report) -> None:
        check_order(programs)
        self.parts = {program.name: Part(program, around) for program in programs}
        self.started = asyncio.Event()
        self._programs = tuple(programs)
        self._around = around
        self._report = report
        self._locks = {program.name: asyncio.Lock() for program in programs}
        self._settled = {program.name: asyncio.Event() for program in programs}
        self._restarts: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        for part in self.parts.values():
            part.on_crash = report.failed

    async def start(self) -> None:
        """Start all parts, each as soon as what it requires is ready.

        A part that is not essential may fail: that is reported, and the rest goes on.

        Raises:
            PartFailedError: an essential part failed; others may run.
        """
        failures: list[BaseException] = []
        try:
            async with asyncio.TaskGroup() as group:
                for part in self.parts.values():
                    group.create_task(self._bring_up(part))
        except* PartFailedError as failed:
            failures.extend(failed.exceptions)
        self.started.set()
        if failures:
            raise failures[0]

    async def restart(self, names: Iterable[str], because: str) -> None:
        """Start parts again, and those that are told an address that changes by it.

        A part that is still being started for the first time is started again after that. One
        that is being started again already is stopped in the midst of that: what is asked for last
        holds, and the earlier call returns.

        Args:
            names: Which parts.
            because: The reason, for the report.
        """
        names = await self._each(names, because)
        told = [
            program.name
            for program in self._programs
            if program.name not in names and any(program.needs_address_of(n) for n in names)
        ]
        await self._each(told, f"{', '.join(names)} restarted")

    async def run_again(self, name: str, because: str) -> bool:
        """Run a step once more; gives whether it succeeded, and reports it in any case."""
        await self._each([name], because)
        async with self._locks[name]:  # who asked for it meanwhile is waited for
            return self.parts[name].up

    async def reload(self, name: str, because: str) -> None:
        """Have a server take over what was made anew for it; one that does not run is started."""
        part = self.parts[name]
        if part.state is not State.READY:
            await self.restart([name], because)
        elif part.tell_to_reload():
            self._report.say(f"{name} reloaded: {because}")

    async def stop(self) -> None:
        """Stop all parts, each after those that use it; whatever runs ends."""
        self._stopping = True
        for restart in self._restarts.values():
            restart.cancel()
        gone = {name: asyncio.Event() for name in self.parts}

        async def stop_after_users(part: Part) -> None:
            for user in users_of(part.name, self._programs):
                await gone[user].wait()
            await self._stop_one(part)
            gone[part.name].set()

        async with asyncio.TaskGroup() as group:
            for part in self.parts.values():
                group.create_task(stop_after_users(part))

    @property
    def journal(self) -> Journal:
        """What all parts wrote."""
        return self._around.journal

    def hurry(self) -> None:
        """End all processes now; a `stop` under way finds them ended."""
        for part in self.parts.values():
            part.hurry()

    async def _bring_up(self, part: Part) -> None:
        await part.warm_up()
        for name in part.program.requires:
            await self._settled[name].wait()
            if not self.parts[name].up:
                part.detail = f"{name} is not there"
                self._settled[part.name].set()
                return
        try:
            if part.skip():
                self._report.step(part.name, "unchanged", part.seconds)
            else:
                await part.start()
                self._report.step(part.name, part.state, part.seconds)
        except PartFailedError as error:
            if part.program.essential:
                raise
            self._report.failed(error)
        self._settled[part.name].set()

    async def _restart(self, part: Part, because: str) -> None:
        await self._settled[part.name].wait()
        async with self._locks[part.name]:
            if self._stopping:
                return
            begun = time.perf_counter()
            await part.stop()
            try:
                await part.start()
            except PartFailedError as error:
                self._report.failed(error)
            else:
                self._report.reloaded(part.name, time.perf_counter() - begun, because)

    async def _stop_one(self, part: Part) -> None:
        ran = part.child is not None and part.child.code is None
        begun = time.perf_counter()
        await part.cool_down()
        await part.stop()
        if ran:
            self._report.step(part.name, State.STOPPED, time.perf_counter() - begun)

    async def _each(self, names: Iterable[str], because: str) -> list[str]:
        """Restart side by side; gives those that did not give way to a later restart."""
        restarts = {name: self._begin(name, because) for name in names}
        for outcome in await asyncio.gather(*restarts.values(), return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        return [name for name, restart in restarts.items() if not restart.cancelled()]

    def _begin(self, name: str, because: str) -> asyncio.Task[None]:
        if earlier := self._restarts.get(name):
            earlier.cancel()
        restart = asyncio.create_task(self._restart(self.parts[name], because))
        self._restarts[name] = restart
        return restart
