"""A server is killed in mid-call on Apache Kafka."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

from tests.transport import echo_server
from tests.transport.processes import running

if TYPE_CHECKING:
    from tests.transport.conftest import Lane

_NEVER = "3600"


async def test_calls_of_a_killed_server_are_answered_by_another_process(apache_lane: Lane) -> None:
    method = apache_lane.method()
    async with running(echo_server, apache_lane.endpoint, "first", _NEVER) as first:
        assert await method(b"warm", timeout=30) == b"first:warm"
        calls = [method(b"slow%d" % number, timeout=40) for number in range(8)]
        assert first.stdout is not None
        for _ in calls:
            assert await asyncio.wait_for(first.stdout.readline(), 20) == b"begun\n"
        async with running(echo_server, apache_lane.endpoint, "second", "0"):
            first.kill()
            killed = time.monotonic()
            answers = await asyncio.gather(*calls)
            took = time.monotonic() - killed
    assert answers == [b"second:slow%d" % number for number in range(8)]
    sys.stdout.write(f"answered {took:.1f} s after kill -9\n")
    assert took < 20
