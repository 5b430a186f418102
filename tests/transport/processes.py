"""Helpers of the suites as processes that can be killed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType

from grpc_kafka import Endpoint


@asynccontextmanager
async def running(
    module: ModuleType, endpoint: Endpoint, *arguments: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a module that takes the endpoint and further arguments; kill it at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module.__name__,
        endpoint.bootstrap_servers,
        endpoint.lane,
        json.dumps(dict(endpoint.kafka)),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
