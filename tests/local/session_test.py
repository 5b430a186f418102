"""A session of small real processes: how it ends, and what it tells of that."""

import asyncio
from pathlib import Path

from local.exit_code import FAILED, HURRIED, STOPPED
from local.program import Program
from local.session import Session
from local.supervisor import Supervisor
from tests.local.told import Make, Told

_PATIENCE = 10.0  # seconds
_ANOTHER_WISH = 0.6  # seconds; sooner, the same Ctrl-C came twice
_STAYS = "echo 127.0.0.1:1; exec sleep 60"
_STUBBORN = "trap '' TERM; echo 127.0.0.1:1; while :; do sleep 0.1; done"


def session(parts: Supervisor, told: Told, *, strict: bool = False) -> Session:
    return Session(parts, told, companions={}, summary="summary", strict=strict)


def server(name: str, script: str, *, uses: tuple[str, ...] = ()) -> Program:
    argv = ("sh", "-c", script)
    return Program(name, argv, announces=True, essential=False, uses=uses, grace=2 * _PATIENCE)


async def code_of(run: asyncio.Task[int]) -> int:
    async with asyncio.timeout(_PATIENCE):
        return await run


async def started(wanted: Session, parts: Supervisor) -> asyncio.Task[int]:
    run = asyncio.create_task(wanted.run())
    async with asyncio.timeout(_PATIENCE):
        await parts.started.wait()
    return run


async def test_first_wish_stops_what_runs(make: Make, told: Told) -> None:
    parts = make(server("base", _STAYS), server("shop", _STAYS, uses=("base",)))
    wanted = session(parts, told)
    run = await started(wanted, parts)
    wanted.stop.ask()
    assert await code_of(run) == STOPPED
    assert told.steps[-2:] == [("shop", "stopped"), ("base", "stopped")]
    assert told.failures == []


async def test_second_wish_ends_all_at_once_and_is_no_crash_of_theirs(
    make: Make, told: Told
) -> None:
    parts = make(server("base", _STUBBORN), server("shop", _STUBBORN, uses=("base",)))
    wanted = session(parts, told)
    run = await started(wanted, parts)
    wanted.stop.ask()
    await asyncio.sleep(_ANOTHER_WISH)
    wanted.stop.ask()
    assert await code_of(run) == HURRIED
    assert told.failures == []


async def test_wish_during_the_start_stops_what_was_begun(
    make: Make, told: Told, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    parts = make(server("shop", f"touch {begun}; exec sleep 60"))
    wanted = session(parts, told)
    run = asyncio.create_task(wanted.run())
    async with asyncio.timeout(_PATIENCE):
        while not begun.exists():  # noqa: ASYNC110  # a process tells nobody
            await asyncio.sleep(0.02)
    wanted.stop.ask()
    assert await code_of(run) == STOPPED
    assert told.failures == []


async def test_part_that_does_not_start_ends_a_strict_session_alone(make: Make, told: Told) -> None:
    assert await code_of(asyncio.create_task(broken(make, told, strict=True).run())) == FAILED
    assert [error.name for error in told.failures] == ["shop", "shop"]
    lenient = broken(make, told, strict=False)
    run = asyncio.create_task(lenient.run())
    async with asyncio.timeout(_PATIENCE):
        while not any("without shop" in text for text in told.said):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    lenient.stop.ask()
    assert await code_of(run) == STOPPED


def broken(make: Make, told: Told, *, strict: bool) -> Session:
    return session(make(server("shop", "exit 3")), told, strict=strict)
