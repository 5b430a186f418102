"""Children that leave children of their own, as a server with workers does."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from local.birth import birth_of
from local.child import Child
from local.ending import end
from local.program import Program
from local.record import Entry, Record, Run
from tests.local.running import runs

_WORKER = "sleep 60 & echo $!; wait"
_LEAVING = "import os, time; os.setsid(); print(os.getpid(), flush=True); time.sleep(60)"
_WORKER_THAT_LEAVES = f'"{sys.executable}" -c "{_LEAVING}" & wait'
_NOTICED = 20.0  # seconds; all that runs would run for a minute


class Parent:
    """A shell with a worker that holds its output.

    Attributes:
        child: The shell.
        worker: The worker's pid.
    """

    def __init__(self, child: Child, worker: int) -> None:
        self.child = child
        self.worker = worker

    @classmethod
    async def start(cls, script: str, record: Record) -> "Parent":
        lines: asyncio.Queue[str] = asyncio.Queue()
        child = await Child.spawn(
            Program("parent", ("sh",)),
            ["sh", "-c", script],
            dict(os.environ),
            directory=Path("/"),
            record=record,
            sink=lines.put_nowait,
        )
        await child.go({})
        return cls(child, int(await lines.get()))

    async def code_after_kill(self) -> int:
        os.kill(self.child.pid, signal.SIGKILL)
        async with asyncio.timeout(_NOTICED):
            return await self.child.wait()


@pytest.fixture
def record(tmp_path: Path) -> Record:
    record = Record(tmp_path / "run.json")
    record.save(Run(os.getpid(), birth_of(os.getpid()), ""))
    return record


def has_ended(pid: int) -> bool:
    deadline = time.monotonic() + _NOTICED
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not runs(pid)


async def test_killed_parent_is_noticed_although_its_worker_holds_the_output(
    record: Record,
) -> None:
    parent = await Parent.start(_WORKER, record)
    assert await parent.code_after_kill() == -signal.SIGKILL
    assert has_ended(parent.worker)
    run = record.load()
    assert run is not None
    assert run.entries == ()


async def test_end_is_noticed_although_output_is_held_by_one_who_left_the_group(
    record: Record,
) -> None:
    parent = await Parent.start(_WORKER_THAT_LEAVES, record)
    try:
        assert await parent.code_after_kill() == -signal.SIGKILL
        assert runs(parent.worker)
    finally:
        os.kill(parent.worker, signal.SIGKILL)


async def test_worker_whose_parent_is_gone_is_ended_with_what_a_runner_left() -> None:
    shell = await asyncio.create_subprocess_exec(
        *("sh", "-c", _WORKER), stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert shell.stdout is not None
    worker = int(await shell.stdout.readline())
    entry = Entry("parent", shell.pid, birth_of(shell.pid), signal.SIGTERM, 5.0)
    os.kill(shell.pid, signal.SIGKILL)
    assert has_ended(shell.pid)
    assert end([entry]) == [entry]
    assert has_ended(worker)
    assert end([entry]) == []
    await shell.wait()


async def test_group_of_a_process_that_got_a_used_pid_is_left_alone() -> None:
    other = await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
    entry = Entry("parent", other.pid, f"{birth_of(other.pid)}0", signal.SIGTERM, 5.0)
    assert end([entry]) == []
    assert runs(other.pid)
    other.kill()
    await other.wait()
