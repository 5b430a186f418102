"""A server is killed in mid-call on Apache Kafka."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.transport import echo_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.transport.conftest import Lane

_NEVER = "3600"


@asynccontextmanager
async def _process(lane: Lane, name: str, slow: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        echo_server.__name__,
        lane.endpoint.bootstrap_servers,
        lane.endpoint.lane,
        name,
        slow,
        json.dumps(dict(lane.endpoint.kafka)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_calls_of_a_killed_server_are_answered_by_another_process(apache_lane: Lane) -> None:
    method = apache_lane.method()
    async with _process(apache_lane, "first", _NEVER) as first:
        assert await method(b"warm", timeout=30) == b"first:warm"
        calls = [method(b"slow%d" % number, timeout=40) for number in range(8)]
        assert first.stdout is not None
        for _ in calls:
            assert await asyncio.wait_for(first.stdout.readline(), 20) == b"begun\n"
        async with _process(apache_lane, "second", "0"):
            first.kill()
            killed = time.monotonic()
            answers = await asyncio.gather(*calls)
            took = time.monotonic() - killed
    assert answers == [b"second:slow%d" % number for number in range(8)]
    sys.stdout.write(f"answered {took:.1f} s after kill -9\n")
    assert took < 20
