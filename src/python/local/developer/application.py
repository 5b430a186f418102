"""The developer page as an application."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local.developer.doorkeeper import Doorkeeper, RefusedError
from local.developer.overview import Filter, shown_lines, shown_parts
from local.supervisor import Supervisor

_LINES = 300
_FORM_LIMIT = 4096  # bytes
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

type _Answer = Callable[[Request], Awaitable[Response]]


class DeveloperPage:
    """Answers the requests of the page."""

    def __init__(self, parts: Supervisor, doorkeeper: Doorkeeper, links: Mapping[str, str]) -> None:
        """Take what is shown.

        Args:
            parts: The processes.
            doorkeeper: Looks at each request.
            links: Other places of interest, by what they are called.
        """
        self._parts = parts
        self._doorkeeper = doorkeeper
        self._links = dict(links)
        self._templates = Environment(
            loader=PackageLoader("local.developer"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def application(self) -> Starlette:
        """The page with its files."""
        files = StaticFiles(packages=[("local.developer", "static")])
        return Starlette(
            routes=[
                Route("/", self._guarded(self._show)),
                Route("/restart/{name}", self._guarded(self._restart), methods=["POST"]),
                Mount("/static", files),
            ]
        )

    def _guarded(self, answer: _Answer) -> _Answer:
        async def guarded(request: Request) -> Response:
            try:
                self._doorkeeper.check_host(request.headers)
                response = await answer(request)
            except RefusedError as error:
                response = PlainTextResponse(f"Refused: {error}.\n", status_code=403)
            response.headers.update(_HEADERS)
            return response

        return guarded

    async def _show(self, request: Request) -> Response:
        asked = request.query_params
        wanted = Filter(*(asked.get(name, "").strip() for name in ("program", "text", "trace")))
        html = self._templates.get_template("overview.html").render(
            parts=shown_parts(self._parts.parts, self._parts.journal),
            lines=shown_lines(self._parts.journal, wanted, _LINES),
            wanted=wanted,
            links=self._links,
            token=self._doorkeeper.token,
        )
        return HTMLResponse(html)

    async def _restart(self, request: Request) -> Response:
        form = parse_qs(await _body(request))
        self._doorkeeper.check_change(request.headers, *form.get("token", [""])[:1])
        name = request.path_params["name"]
        if name not in self._parts.parts:
            return PlainTextResponse(f"There is no process {name}.\n", status_code=404)
        if self._parts.parts[name].program.is_done_once:
            return PlainTextResponse(f"{name} is done once only.\n", status_code=409)
        await self._parts.restart([name], "asked for on the developer page")
        return RedirectResponse("/", status_code=303)


async def _body(request: Request) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_LIMIT:
            raise RefusedError("it is larger than any form of the page")
    return body.decode(errors="replace")
