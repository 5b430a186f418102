"""Servers join and leave, in order and by kill -9, under calls and streams on Apache Kafka."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc

from tests.transport import busy_server
from tests.transport.load import Load, codes
from tests.transport.processes import running
from tests.transport.waiting import STALL, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transport.conftest import Lane
    from tests.transport.load import Told

_GRACE = 1.5
_SILENCE = 12.0
_STEPS = 6


@dataclass(slots=True)
class Servers:
    """Processes that serve a lane, the oldest first, and what they noted."""

    lane: Lane
    runs: Path
    stack: AsyncExitStack
    alive: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    killed: dict[str, float] = field(default_factory=dict)
    stopped: dict[str, float] = field(default_factory=dict)
    count: int = 0

    async def join(self) -> None:
        """Start another one, and wait until it has done something."""
        self.count += 1
        name = f"server{self.count}"
        process = running(busy_server, self.lane.endpoint, name, str(self.runs), str(_GRACE))
        self.alive[name] = await self.stack.enter_async_context(process)
        await until(lambda: f"{name} " in self.runs.read_text(), 40)

    async def leave(self, *, by_force: bool) -> None:
        """End the oldest one."""
        name = next(iter(self.alive))
        process = self.alive.pop(name)
        if by_force:
            process.kill()
            self.killed[name] = time.monotonic()
        else:
            process.terminate()
            self.stopped[name] = time.monotonic()
        await asyncio.wait_for(process.wait(), 30)

    def noted(self) -> list[tuple[str, bytes]]:
        """Who did what."""
        pairs = [line.partition(b" ") for line in self.runs.read_bytes().splitlines()]
        return [(name.decode(), what) for name, _, what in pairs]


async def test_nothing_is_lost_while_servers_join_leave_and_are_killed(
    apache_lane: Lane, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    runs.touch()
    async with AsyncExitStack() as stack:
        servers = Servers(apache_lane, runs, stack)
        async with Load(apache_lane.channel(), workers=24, talkers=16) as load:
            await servers.join()
            await servers.join()
            # Until there was a server, those that do not wait had nobody to go to.
            await until(lambda: load.hasty and load.hasty[-1].code is grpc.StatusCode.OK)
            load.hasty.clear()
            for step in range(_STEPS):
                await servers.join()
                await asyncio.sleep(1)
                await servers.leave(by_force=bool(step % 2))
            await load.calm(60)
        noted = servers.noted()
    calls = Counter(what for _, what in noted if not what.startswith(b"stream"))
    _report(load, servers, calls)
    assert set(codes(load.calls)) == {"OK"}
    # There always is a server, so there is nothing that those would have to wait for.
    assert set(codes(load.hasty)) == {"OK"}
    assert [what for what in load.acknowledged() if what not in calls] == []
    # Only what a killed server had not committed is run again; who leaves in order repeats nothing.
    first = {what: name for name, what in reversed(noted)}
    assert {first[what] for what, count in calls.items() if count > 1} <= set(servers.killed)
    owners = {what: name for name, what in noted if what.startswith(b"stream")}
    streams = Counter(what for _, what in noted if what.startswith(b"stream"))
    assert [what for what, count in streams.items() if count > 1] == []
    for end in load.ends:
        _ended_for_a_reason(end, owners.get(end.what), servers)


def _ended_for_a_reason(end: Told, owner: str | None, servers: Servers) -> None:
    assert end.code is grpc.StatusCode.UNAVAILABLE
    when = end.begun + end.took
    if owner is None:
        # Accepted by a server that had not begun its handler when it went.
        return
    if owner in servers.killed:
        assert end.details == "the server's process fell silent"
        assert when - servers.killed[owner] < _SILENCE + STALL
    else:
        assert end.details == "the server stops"
        assert when - servers.stopped[owner] > _GRACE - 0.2


def _report(load: Load, servers: Servers, calls: Counter[bytes]) -> None:
    times = sorted(told.took for told in load.calls)
    again = sum(count > 1 for count in calls.values())
    after = [
        end.begun + end.took - servers.killed[owner]
        for end in load.ends
        for owner, what in servers.noted()
        if what == end.what and owner in servers.killed
    ]
    sys.stdout.write(
        f"{len(servers.stopped)} servers stopped, {len(servers.killed)} killed\n"
        f"calls {codes(load.calls)}, not waiting {codes(load.hasty)}: "
        f"p50 {times[len(times) // 2]:.3f} s, "
        f"p99 {times[len(times) * 99 // 100]:.3f} s, the slowest {times[-1]:.1f} s; "
        f"{again} were run again\n"
        f"{len(load.words)} words; {len(load.ends)} streams ended with their servers, "
        f"{Counter(end.details for end in load.ends)}; "
        f"of the killed at most {max(after, default=0):.1f} s later\n"
    )
