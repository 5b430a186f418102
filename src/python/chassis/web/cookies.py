"""The cookies of one request and of its response."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from starlette.requests import HTTPConnection
from starlette.types import Scope

_LONGEST_VALUE = 4096
_STATE = "cookies"


class Cookie(StrEnum):
    """What the site keeps in a browser; all of it is beyond the reach of scripts."""

    SESSION = "session"
    """The session's secret."""

    ACCESS = "access"
    """The access token; a browser drops it shortly before it expires."""

    BROWSER = "browser"
    """A random secret to which this browser's forms are bound."""

    NOTICE = "notice"
    """Which message the next page shows."""


@dataclass(frozen=True)
class CookiePolicy:
    """How cookies are named and protected.

    Over TLS the prefix `__Host-` makes the browser refuse a cookie that another host, or a page
    without TLS, tries to plant.
    """

    secure: bool

    def name(self, cookie: Cookie) -> str:
        """The cookie's name in the browser."""
        return f"__Host-tandem_{cookie}" if self.secure else f"tandem_{cookie}"

    def header(self, cookie: Cookie, value: str, max_age: int | None) -> str:
        """The value of a Set-Cookie header; without `max_age` it ends with the browser."""
        parts = [f"{self.name(cookie)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        if max_age is not None:
            # Not Expires: the browser's clock may be wrong.
            parts.append(f"Max-Age={max_age}")
        if self.secure:
            parts.append("Secure")
        return "; ".join(parts)


class CookieJar:
    """Reads the request's cookies, and collects what the response is to change.

    What was put can be read back at once, so that one request sees one state.
    """

    def __init__(self, policy: CookiePolicy, received: Mapping[str, str]) -> None:
        self._policy = policy
        self._received = received
        self._changes: dict[Cookie, tuple[str, int | None]] = {}

    def get(self, cookie: Cookie) -> str:
        """The cookie's value; empty if there is none."""
        if cookie in self._changes:
            return self._changes[cookie][0]
        value = self._received.get(self._policy.name(cookie), "")
        return value if len(value) <= _LONGEST_VALUE else ""

    def put(self, cookie: Cookie, value: str, expires: datetime | None = None) -> None:
        """Keep this value (of URL-safe characters) in the browser, until then or until it ends."""
        max_age = None if expires is None else int((expires - datetime.now(UTC)).total_seconds())
        self._changes[cookie] = (value, max_age)

    def drop(self, cookie: Cookie) -> None:
        """Take the cookie from the browser, if it has it."""
        if self.get(cookie):
            self._changes[cookie] = ("", 0)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Set-Cookie headers for all changes, as ASGI sends them."""
        return [
            (b"set-cookie", self._policy.header(cookie, value, max_age).encode("ascii"))
            for cookie, (value, max_age) in self._changes.items()
        ]


def open_jar(scope: Scope, policy: CookiePolicy) -> CookieJar:
    """Make the request's jar; `jar_of` finds it again."""
    jar = CookieJar(policy, HTTPConnection(scope).cookies)
    scope.setdefault("state", {})[_STATE] = jar
    return jar


def jar_of(request: HTTPConnection) -> CookieJar:
    """The jar of this request."""
    jar = request.scope["state"][_STATE]
    assert isinstance(jar, CookieJar)  # noqa: S101  # made by the outermost layer for every request
    return jar
