"""An application at an address of loopback, as nginx would serve it with its static files."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from chassis.assets import Assets


@asynccontextmanager
async def served(app: ASGIApp, folder: Path) -> AsyncIterator[str]:
    """Answer there while the context is entered; gives the URL.

    Args:
        app: The application.
        folder: Where the static files may be written; what is missing there is not found.
    """
    Assets.of("services.account").publish(folder)
    site = Starlette(routes=[Mount("/static", StaticFiles(directory=folder)), Mount("/", app)])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(site, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    """Leaves signals to the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
