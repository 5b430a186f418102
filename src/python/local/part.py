"""One program's life while the system runs."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from local.child import Child
from local.errors import PartFailedError
from local.exit_code import describe
from local.journal import Journal
from local.program import NotReadyError, Program, resolve
from local.record import Record

_POLL = 0.02  # seconds between two questions at the start
_TAIL = 20  # lines of its log that a failure shows


class State(StrEnum):
    """Where a part is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    FAILED = "failed"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Surroundings:
    """What all parts of one run share.

    Attributes:
        directory: Where processes run.
        env: Variables that every process gets.
        record: Where processes are written down.
        journal: Where their output goes.
        addresses: What servers announced, by name.
        follows_saves: Whether a saved file starts the services again that are made of it.
    """

    directory: Path
    env: Mapping[str, str]
    record: Record
    journal: Journal
    addresses: dict[str, str]
    follows_saves: bool = True


class Part:
    """A program, and the process that runs it at the moment.

    Attributes:
        program: What is run.
        state: Where it is in its life.
        child: Its process, if there is one.
        seconds: How long it took to get ready the last time.
        restarts: How often it was started again.
        detail: Why it is not ready, or what its health says.
        on_crash: Called when a server ends unasked after it was ready.
    """

    def __init__(self, program: Program, around: Surroundings) -> None:
        self.program = program
        self.state = State.WAITING
        self.child: Child | None = None
        self.seconds = 0.0
        self.restarts = -1
        self.detail = ""
        self.on_crash: Callable[[PartFailedError], None] = lambda _error: None
        self._around = around
        self._watch: asyncio.Task[None] | None = None
        self._spare: Child | None = None

    @property
    def name(self) -> str:
        """The program's name."""
        return self.program.name

    @property
    def up(self) -> bool:
        """Whether it did what others wait for."""
        return self.state in {State.READY, State.DONE}

    @property
    def port(self) -> str:
        """Where it listens; empty if that is not known, or nowhere."""
        announced = self._around.addresses.get(self.name, "").rpartition(":")[2]
        return str(self.program.port or announced)

    async def start(self) -> None:
        """Run the program until it is ready; when this is cancelled, `stop` ends what was begun.

        Raises:
            PartFailedError: it ended, or did not get ready in time. It does not run then.
        """
        self.state, self.detail = State.STARTING, ""
        self.restarts += 1
        self._around.addresses.pop(self.name, None)
        begun = time.perf_counter()
        digest = self.program.stamp.digest() if self.program.stamp else ""
        child = await self._let_go()
        try:
            async with asyncio.timeout(self.program.start_timeout):
                await self._until_ready(child)
        except TimeoutError:
            await child.stop()
            why = f": {self.detail}" if self.detail else ""
            what = f"not ready after {self.program.start_timeout:g} s{why}"
            raise self._failed(child, what) from None
        self.seconds = time.perf_counter() - begun
        if self.program.is_step:
            self.state = State.DONE
            if self.program.stamp:
                self.program.stamp.write(digest)
        else:
            self.state = State.READY
            self._watch = asyncio.create_task(self._watch_over(child))

    def skip(self) -> bool:
        """Take a step for done, if it would change nothing; gives whether it is so."""
        if self.program.stamp is None or not self.program.stamp.is_current():
            return False
        self.state, self.restarts = State.DONE, 0
        return True

    async def warm_up(self) -> None:
        """Have a process wait for the next start, if the program is of that kind."""
        if self.program.waits and (self._spare is None or self._spare.code is not None):
            self._spare = await self._spawn(self._around.env)

    async def stop(self) -> None:
        """End the process, if it runs."""
        self._forget_watch()
        child = self.child
        if child is not None and child.code is None:
            self.state = State.STOPPING
            await child.stop()
        self.state, self.detail = State.STOPPED, ""

    async def cool_down(self) -> None:
        """End the process that waits, if there is one."""
        spare, self._spare = self._spare, None
        if spare is not None and spare.code is None:
            await spare.discard()

    def tell_to_reload(self) -> bool:
        """Send the program's signal for that; gives whether it has one."""
        number = self.program.reload_signal
        if number is None or self.child is None:
            return False
        self.child.signal(number)
        return True

    def hurry(self) -> None:
        """End the process now, if it runs; that is no crash."""
        if self.child is not None and self.child.code is None:
            self.state = State.STOPPING
            self.child.hurry()

    async def _let_go(self) -> Child:
        env = self._resolved(self.program.env)
        spare, self._spare = self._spare, None
        if spare is None or spare.code is not None:
            told_later = self.program.waits
            spare = await self._spawn({**self._around.env, **({} if told_later else env)})
        # Known before it goes: this may be cancelled at any moment.
        self.child = spare
        await spare.go(env)
        return spare

    async def _spawn(self, env: Mapping[str, str]) -> Child:
        return await Child.spawn(
            self.program,
            [resolve(text, self._around.addresses) for text in self.program.argv],
            env,
            directory=self._around.directory,
            record=self._around.record,
            sink=self._take,
        )

    def _resolved(self, env: Mapping[str, str]) -> dict[str, str]:
        return {name: resolve(text, self._around.addresses) for name, text in env.items()}

    def _take(self, line: str) -> None:
        if self.program.announces and self.name not in self._around.addresses:
            self._around.addresses[self.name] = line
        self._around.journal.write(self.name, line)

    async def _until_ready(self, child: Child) -> None:
        if self.program.is_step:
            if await child.wait() != 0:
                raise self._failed(child)
            return
        while child.code is None and not await self._answers():  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(_POLL)
        # Another process may have answered at its address.
        if child.code is not None:
            await child.wait()
            raise self._failed(child)

    async def _answers(self) -> bool:
        if self.program.probe is None:
            return self.name in self._around.addresses
        try:
            await self.program.probe.check()
        except NotReadyError as error:
            self.detail = str(error)
            return False
        self.detail = ""
        return True

    async def _watch_over(self, child: Child) -> None:
        await child.wait()
        if self.state is State.READY:
            self.on_crash(self._failed(child, remedy=self._remedy()))

    def _remedy(self) -> str:
        press = "press Restart on the page for developers"
        by_saving = self.program.module is not None and self._around.follows_saves
        return f"{press}, or save one of its files" if by_saving else press

    def _failed(self, child: Child, what: str = "", remedy: str = "") -> PartFailedError:
        self.state = State.FAILED
        tail = self._around.journal.since_start(self.name, child.started, _TAIL)
        error = PartFailedError(
            self.name,
            what or describe(child.code),
            tuple(line.text for line in tail),
            self._around.journal.path(self.name),
            remedy=remedy,
        )
        self.detail = error.what
        return error

    def _forget_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
