"""The HTTP side of a process: its health, and the pages of a service that has any."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from chassis._errors import StartError
from chassis._health import Health
from chassis._metrics import Metrics


def application(
    service: str, lane: str, health: Health, metrics: Metrics, app: ASGIApp | None
) -> Starlette:
    """What the process answers over HTTP: `/healthz`, `/metrics`, then the service's own."""

    async def healthz(_request: Request) -> JSONResponse:
        report = await health.check()
        body = {
            "status": "ok" if report.ok else "failing",
            "service": service,
            "lane": lane,
            "checks": dict(report.checks),
        }
        return JSONResponse(body, status_code=200 if report.ok else 503)

    async def measured(request: Request) -> Response:
        body, content_type = metrics.exposition(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})

    routes: list[BaseRoute] = [Route("/healthz", healthz), Route("/metrics", measured)]
    if app is not None:
        routes.append(Mount("/", app))
    return Starlette(routes=routes)


@asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int, grace: float) -> AsyncIterator[int]:
    """Serve an application while the context is entered; gives the port.

    At the exit no new request is taken, and those under way have `grace` seconds to finish.

    Raises:
        StartError: the address cannot be bound.
    """
    with _listen(host, port) as listener:
        server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                timeout_graceful_shutdown=max(1, round(grace)),
            )
        )
        serve = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serve


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise StartError(
            f"cannot listen on {host}:{port} ({error.strerror}); "
            "end what uses it, or set TANDEM_HTTP_PORT to another port"
        ) from error
    # Inherited by what it accepts. asyncio sets it by itself only where the socket names its
    # protocol; without it a page waits 40 ms for the acknowledgement of its headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handlers: the process has one place that handles them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
