"""Parts that are small real processes, without a runner around them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local.part import State
from local.program import NotReadyError, Program
from local.record import Record
from local.supervisor import Supervisor
from tests.local.running import runs
from tests.local.told import Make, Told

_PATIENCE = 20.0  # seconds


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


async def patiently[T](work: Awaitable[T]) -> T:
    async with asyncio.timeout(_PATIENCE):
        return await work


async def there(path: Path) -> None:
    while not path.exists():  # noqa: ASYNC110, ASYNC240  # a process tells nobody
        await asyncio.sleep(0.02)


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


@dataclass(frozen=True)
class _Unwell:
    """A probe that is never content."""

    async def check(self) -> None:
        raise NotReadyError("answers 503: no topic blue.shop.v1.Stock")


async def test_what_does_not_get_ready_is_told_with_what_its_health_said(
    make: Make, told: Told
) -> None:
    program = Program("shop", ("sleep", "60"), probe=_Unwell(), start_timeout=0.2, essential=False)
    async with starting(make(program)) as start:
        await patiently(start)
    assert [each.what for each in told.failures] == [
        "not ready after 0.2 s: answers 503: no topic blue.shop.v1.Stock"
    ]


async def test_restart_asked_for_last_holds_and_ends_the_one_that_hangs(
    make: Make, told: Told, tmp_path: Path
) -> None:
    hangs = tmp_path / "hangs"
    hung = tmp_path / "hung"
    script = f"test -e {hangs} && touch {hung} && sleep 60; echo 127.0.0.1:1; exec sleep 60"
    parts = make(Program("shop", ("sh", "-c", script), announces=True))
    async with starting(parts) as start:
        await patiently(start)
        hangs.touch()
        first = asyncio.create_task(parts.restart(["shop"], "saved"))
        await patiently(there(hung))
        hanging = parts.parts["shop"].child
        hangs.unlink()
        await patiently(parts.restart(["shop"], "saved again"))
        await patiently(first)
        assert hanging is not None
        assert not runs(hanging.pid)
        assert told.reloads == ["shop"]
        assert told.failures == []


async def test_step_that_is_asked_for_again_meanwhile_answers_to_both(
    make: Make, told: Told, tmp_path: Path
) -> None:
    begun, let = tmp_path / "begun", tmp_path / "let"
    let.touch()
    script = f"touch {begun}; until test -e {let}; do sleep 0.05; done"
    parts = make(Program("step", ("sh", "-c", script)))
    async with starting(parts) as start:
        await patiently(start)
        begun.unlink()
        let.unlink()
        first = asyncio.create_task(parts.run_again("step", "saved"))
        await patiently(there(begun))
        second = asyncio.create_task(parts.run_again("step", "saved again"))
        await asyncio.sleep(0.1)
        let.touch()
        assert await patiently(second)
        assert await patiently(first)
        assert told.reloads == ["step"]


async def test_processes_that_a_hurry_ends_did_not_crash(make: Make, told: Told) -> None:
    keeps_running = "trap '' TERM; echo 127.0.0.1:1; while :; do sleep 0.1; done"
    parts = make(
        Program("base", ("sh", "-c", keeps_running), announces=True),
        Program("shop", ("sh", "-c", keeps_running), announces=True, uses=("base",)),
    )
    async with starting(parts) as start:
        await patiently(start)
        stop = asyncio.create_task(parts.stop())
        await asyncio.sleep(0.2)
        parts.hurry()
        await patiently(stop)
        assert told.failures == []
        assert {part.state for part in parts.parts.values()} == {State.STOPPED}


async def test_server_that_ends_unasked_is_told(make: Make, told: Told) -> None:
    parts = make(Program("shop", ("sh", "-c", "echo 127.0.0.1:1; exec sleep 60"), announces=True))
    async with starting(parts) as start:
        await patiently(start)
        child = parts.parts["shop"].child
        assert child is not None
        os.kill(child.pid, signal.SIGKILL)
        await patiently(child.wait())
        async with asyncio.timeout(_PATIENCE):
            while not told.failures:  # noqa: ASYNC110  # it is told a moment later
                await asyncio.sleep(0.02)
        assert [str(error) for error in told.failures] == ["shop was ended by SIGKILL"]
