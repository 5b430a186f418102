"""The outermost layer of the application: what holds for every request and every response."""

import time
from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.security_headers import security_headers
from chassis.web.body_limit import read_body, replay
from chassis.web.cookies import CookiePolicy, open_jar
from chassis.web.errors import WebError
from chassis.web.guard import check_json, check_source
from chassis.web.site import Site

type Refuse = Callable[[Request, Exception], Awaitable[Response]]

API = "/api/"

_log = structlog.get_logger()


def is_api(request: Request) -> bool:
    """Whether the answer is data for a program, rather than a page for a person."""
    return request.url.path.startswith(API)


class Gate:
    """Passes requests on to the application if they may reach it, and logs all of them.

    Args:
        app: The application.
        site: Where it is served.
        refuse: Makes the response to a request that may not.
    """

    def __init__(self, app: ASGIApp, site: Site, refuse: Refuse) -> None:
        self._app = app
        self._site = site
        self._refuse = refuse
        self._cookies = CookiePolicy(site.secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, started, status = Request(scope, receive), time.perf_counter(), 0

        async def observed(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._answer(request, self._finishing(request, observed))
        finally:
            # Without the query, which may hold what is not for logs.
            await _log.ainfo(
                "request served",
                method=request.method,
                path=request.url.path,
                status=status,
                seconds=round(time.perf_counter() - started, 6),
            )

    async def _answer(self, request: Request, send: Send) -> None:
        scope, receive = request.scope, request.receive
        try:
            body = await self._admit(request)
        except WebError as error:
            response = await self._refuse(request, error)
            await response(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, replay(body, receive), send)

    async def _admit(self, request: Request) -> bytes | None:
        check_source(self._site, request.method, request.headers)
        if is_api(request):
            check_json(request.method, request.headers)
        return await read_body(request.receive)

    def _finishing(self, request: Request, send: Send) -> Send:
        jar = open_jar(request.scope, self._cookies)
        protections = security_headers(secure=self._site.secure, data=is_api(request))

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _value in message["headers"]}
                added = [header for header in protections if header[0] not in present]
                message["headers"] = [*message["headers"], *added, *jar.headers()]
            await send(message)

        return finish
