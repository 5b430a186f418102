"""A service as small as one can be: it answers a page and calls nobody."""

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from chassis import Process, Settings, run


async def _greet(_request: Request) -> PlainTextResponse:
    structlog.get_logger().info("greeted")
    return PlainTextResponse("hello")


async def start(process: Process[Settings]) -> None:
    """Build the service."""
    process.serve_http(Starlette(routes=[Route("/hello", _greet)]))


if __name__ == "__main__":
    run("greeter", Settings, start)
