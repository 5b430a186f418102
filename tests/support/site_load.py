"""A bounded, steady load on the site: people who read, edit, come and go, and listen.

    with site_load.running(stack.url) as load:
        began = time.monotonic()
        ...
        switch = Window(began, time.monotonic())
        report = load.stop()
    assert report.failures == []
    assert report.within(switch).p99 <= 2 * report.outside(switch).p99

Each person acts about as often as the others, never in step, and not before the answer to what was
sent before. nginx must believe X-Forwarded-For, or limit nobody.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import httpx

from tests.support.site_report import Report, Sample, Watched, Writes
from tests.support.site_visitors import Visitor, some_pause

START_TIMEOUT = 120.0
"""Seconds until everybody has an account and listens."""

STOP_TIMEOUT = 120.0

_HEARD_WITHIN = 20.0
_POLL_INTERVAL = 0.1
_TRIES = 5  # of a sign-up; the load has not begun
_SIGN_UPS = 2  # at once: hashes of passwords cost much
_BETWEEN_STREAMS = 0.1
_SETTLED = 1.0  # seconds, after which what was sent has happened, whether it was answered or not


@dataclass(frozen=True)
class Mix:
    """What is done how often.

    Attributes:
        people: How many there are; each has a stream.
        pages: Pages of accounts a second, of all people together: each is several calls.
        starts: Start pages a second, of who is not signed in: they need no call.
        edits: Edits of profiles a second.
        visits: Sign-ins a second, and as many sign-outs.
    """

    people: int = 20
    pages: float = 10.0
    starts: float = 26.0
    edits: float = 2.0
    visits: float = 0.2

    def __post_init__(self) -> None:
        # nginx takes 20 requests a second of one client.
        assert (self.pages + self.starts + self.edits) / self.people < 10


class SiteLoad:
    """The load, on a thread of its own.

    Args:
        url: Where nginx answers.
        mix: What is done how often.
    """

    def __init__(self, url: str, mix: Mix) -> None:
        self.samples: list[Sample] = []
        self._url, self._mix = url, mix
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self._report: Report | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="site-load")

    def start(self) -> None:
        """Begin; returns when everybody has an account and listens.

        Raises:
            RuntimeError: not within `START_TIMEOUT`, or somebody got no account.
        """
        self._thread.start()
        self._ready.wait(START_TIMEOUT)
        if not self._ready.is_set() or self._failure:
            self._finish()
            raise RuntimeError("the load did not begin") from self._failure

    def stop(self) -> Report:
        """Send no more, look what is there of all that was sent, and tell.

        Raises:
            RuntimeError: the load itself failed, or the site does not tell.
        """
        self._finish()
        if self._report is None:
            raise RuntimeError("the load failed") from self._failure
        return self._report

    def _finish(self) -> None:
        if self._thread.is_alive():
            with suppress(RuntimeError):  # it ends by itself just now
                self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(STOP_TIMEOUT)

    def _run(self) -> None:
        try:
            self._report = self._loop.run_until_complete(self._all())
        except BaseException as error:  # noqa: BLE001  # told by start and stop
            self._failure = error
        finally:
            self._loop.close()
            self._ready.set()

    async def _all(self) -> Report:
        visitors = [Visitor(self._url, self.samples) for _ in range(self._mix.people)]
        try:
            await _at_most(_SIGN_UPS, [partial(_tried, visitor.sign_up) for visitor in visitors])
            async with _listening(visitors) as listened:
                await listened(lambda visitor: bool(visitor.listened.after), START_TIMEOUT)
                self._ready.set()
                async with asyncio.TaskGroup() as group:
                    for visitor in visitors:
                        for act, every in self._acts(visitor):
                            group.create_task(self._repeat(act, every))
                await asyncio.sleep(_SETTLED)
                return await self._told(visitors, listened)
        finally:
            for visitor in visitors:
                await visitor.leave()

    def _acts(self, visitor: Visitor) -> Iterator[tuple[Callable[[], Awaitable[None]], float]]:
        for act, rate in (
            (visitor.read, self._mix.pages),
            (visitor.pass_by, self._mix.starts),
            (visitor.edit, self._mix.edits),
            (visitor.come_and_go, self._mix.visits),
        ):
            if rate:
                yield act, self._mix.people / rate

    async def _repeat(self, act: Callable[[], Awaitable[None]], every: float) -> None:
        clock = self._loop.time
        following = clock() + some_pause(every) - every / 2
        while not await self._is_over_within(following - clock()):
            await act()
            following = max(following + some_pause(every), clock())

    async def _is_over_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._over.wait()
        except TimeoutError:
            return False
        return True

    async def _told(self, visitors: Sequence[Visitor], listened: "_Wait") -> Report:
        writes, streams = Writes(), Watched()
        entries = {visitor.person.id: await visitor.activity() for visitor in visitors}
        await listened(
            lambda visitor: entries[visitor.person.id][-1].id in visitor.listened.came,
            _HEARD_WITHIN,
        )
        for visitor in visitors:
            own, heard = entries[visitor.person.id], visitor.listened
            writes.add(visitor.person.email, visitor.asked, own)
            writes.lost += [problem for problem in [await visitor.misses()] if problem]
            streams.add(heard.came, heard.after, own)
            streams.begun += heard.begun
            streams.ended += heard.ended
        return Report(tuple(self.samples), writes, streams)


@contextmanager
def running(url: str, mix: Mix | None = None) -> Iterator[SiteLoad]:
    """A load that has begun; it ends with the context at the latest.

    Args:
        url: Where nginx answers.
        mix: What is done how often.

    Raises:
        RuntimeError: it did not begin.
    """
    load = SiteLoad(url, mix or Mix())
    load.start()
    try:
        yield load
    finally:
        load._finish()


type _Wait = Callable[[Callable[[Visitor], bool], float], Awaitable[None]]
"""Returns when something is so of all visitors, or it is late."""


@asynccontextmanager
async def _listening(visitors: Sequence[Visitor]) -> AsyncIterator[_Wait]:
    # Not all at once: what the load itself brings about by its start is nothing to compare with.
    tasks = [
        asyncio.create_task(visitor.listen(number * _BETWEEN_STREAMS))
        for number, visitor in enumerate(visitors)
    ]

    async def wait(is_so: Callable[[Visitor], bool], seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while not all(map(is_so, visitors)) and asyncio.get_running_loop().time() < deadline:
            for task in tasks:
                if task.done():
                    await task
            await asyncio.sleep(_POLL_INTERVAL)

    try:
        yield wait
    finally:
        for task in tasks:
            task.cancel()
        for failed in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(failed, Exception):
                raise failed


async def _tried(call: Callable[[], Awaitable[None]]) -> None:
    """Sign up, which is safe to repeat: hashes of passwords are slow where much else is done."""
    for left in reversed(range(_TRIES)):
        try:
            await call()
            break
        except httpx.HTTPStatusError as error:
            if not left or error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                raise


async def _at_most(number: int, calls: Sequence[Callable[[], Awaitable[None]]]) -> None:
    places = asyncio.Semaphore(number)

    async def one(call: Callable[[], Awaitable[None]]) -> None:
        async with places:
            await call()

    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(one(call))
