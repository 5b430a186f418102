"""The developer page's server, in the runner's own process."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import uvicorn

from local.developer.application import DeveloperPage
from local.developer.doorkeeper import Doorkeeper
from local.supervisor import Supervisor

_HOST = "127.0.0.1"


async def serve(parts: Supervisor, port: int, links: Mapping[str, str]) -> None:
    """Serve the page until cancelled.

    Args:
        parts: The processes that it shows.
        port: On the loopback address.
        links: Other places of interest, by what they are called.

    Raises:
        OSError: the port is taken.
    """
    application = DeveloperPage(parts, Doorkeeper(port), links).application()
    with socket.create_server((_HOST, port)) as listener:
        server = _Server(
            uvicorn.Config(
                application,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handlers: the runner has one place that handles them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
