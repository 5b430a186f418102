"""Templates, and what all of them know."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from opentelemetry import trace
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from chassis.assets import Assets
from chassis.web.cookies import Cookie, jar_of
from services.account import moments
from services.account.browsers import describe_browser
from services.account.failures import Failure
from services.account.pages.notices import take_notice

type Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class Views:
    """Renders pages.

    Args:
        assets: The static files that pages refer to.
        clock: Says what "five minutes ago" is counted from.
    """

    def __init__(self, assets: Assets, clock: Clock = utc_now) -> None:
        self._templates = Environment(
            loader=PackageLoader("services.account"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["asset"] = assets.url
        self._templates.filters |= {
            "absolute": moments.absolute,
            "browser": describe_browser,
            "day": moments.day,
            "initials": initials,
            "relative": lambda moment: moments.relative(moment, clock()),
        }

    def page(
        self,
        request: Request,
        template: str,
        context: Mapping[str, object] | None = None,
        failure: Failure | None = None,
    ) -> HTMLResponse:
        """A page; with the status and headers of a failure, if it tells of one."""
        jar = jar_of(request)
        html = self._templates.get_template(template).render(
            notice=take_notice(jar),
            signed_in=bool(jar.get(Cookie.SESSION)),
            **(context or {}),
        )
        if failure is None:
            return HTMLResponse(html)
        return HTMLResponse(html, failure.status, failure.headers)

    def error(self, request: Request, failure: Failure) -> HTMLResponse:
        """A page that says what went wrong and what to do."""
        context = {"failure": failure, "reference": trace_id()}
        return self.page(request, "error.html", context, failure)


def see_other(path: str) -> RedirectResponse:
    """After a form was accepted: the page to look at, by a path of this site."""
    return RedirectResponse(path, 303)


def initials(name: str) -> str:
    """Up to two letters that stand for a name."""
    words = name.split()
    ends = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in ends).upper()


def trace_id() -> str:
    """By which the logs find this request; empty outside of a trace."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""
