"""Parts that are small real processes, without a runner around them."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from local.birth import birth_of
from local.journal import Journal
from local.part import Surroundings
from local.program import Program
from local.record import Record, Run
from local.supervisor import Supervisor
from tests.local.running import runs
from tests.local.told import Told

_PATIENCE = 10.0  # seconds

type Make = Callable[..., Supervisor]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def make(tmp_path: Path, told: Told) -> Make:
    record = Record(tmp_path / "run.json")
    record.save(Run(os.getpid(), birth_of(os.getpid()), ""))
    journal = Journal(tmp_path / "logs")
    around = Surroundings(tmp_path, dict(os.environ), record, journal, {})
    return lambda *programs: Supervisor(programs, around, told)


@asynccontextmanager
async def starting(parts: Supervisor) -> AsyncIterator[asyncio.Task[None]]:
    """Start the parts beside the body; stop them, whatever happens."""
    start = asyncio.create_task(parts.start())
    try:
        yield start
    finally:
        start.cancel()
        await asyncio.gather(start, return_exceptions=True)
        async with asyncio.timeout(_PATIENCE):
            await parts.stop()
        parts.journal.close()


async def patiently[T](work: Awaitable[T]) -> T:
    async with asyncio.timeout(_PATIENCE):
        return await work


def slow(name: str, log: Path, *, requires: tuple[str, ...] = ()) -> Program:
    """A server that notes each of its starts, and takes its time for it."""
    script = f"echo {name} >>{log}; sleep 0.5; echo 127.0.0.1:1; exec sleep 60"
    return Program(name, ("sh", "-c", script), announces=True, requires=requires)


async def test_restart_during_the_start_follows_it_and_runs_one_process(
    make: Make, told: Told, tmp_path: Path
) -> None:
    log = tmp_path / "starts"
    parts = make(slow("base", log), slow("shop", log, requires=("base",)))
    async with starting(parts) as start:
        await asyncio.sleep(0.1)
        await patiently(parts.restart(["shop"], "asked for"))
        await patiently(start)
        assert log.read_text().split() == ["base", "shop", "shop"]
        assert told.reloads == ["shop"]
        record = Record(tmp_path / "run.json").load()
        assert record is not None
        assert [entry.name for entry in record.entries] == ["base", "shop"]


async def test_restart_asked_for_last_holds_and_ends_the_one_that_hangs(
    make: Make, told: Told, tmp_path: Path
) -> None:
    hangs = tmp_path / "hangs"
    script = f"test -e {hangs} && sleep 60; echo 127.0.0.1:1; exec sleep 60"
    parts = make(Program("shop", ("sh", "-c", script), announces=True))
    async with starting(parts) as start:
        await patiently(start)
        hangs.touch()
        first = asyncio.create_task(parts.restart(["shop"], "saved"))
        await asyncio.sleep(0.3)
        hanging = parts.parts["shop"].child
        hangs.unlink()
        await patiently(parts.restart(["shop"], "saved again"))
        await patiently(first)
        assert hanging is not None
        assert not runs(hanging.pid)
        assert told.reloads == ["shop"]
        assert told.failures == []


async def test_step_that_is_asked_for_again_meanwhile_answers_to_both(
    make: Make, told: Told
) -> None:
    parts = make(Program("step", ("sleep", "0.5")))
    async with starting(parts) as start:
        await patiently(start)
        first = asyncio.create_task(parts.run_again("step", "saved"))
        await asyncio.sleep(0.1)
        assert await patiently(parts.run_again("step", "saved again"))
        assert await patiently(first)
        assert told.reloads == ["step"]
