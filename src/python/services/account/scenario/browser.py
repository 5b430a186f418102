"""A browser without scripts, of the standard library alone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPMessage
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import IO, override
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import (
    HTTPCookieProcessor,
    HTTPRedirectHandler,
    ProxyHandler,
    Request,
    build_opener,
)
from urllib.response import addinfourl

from services.account.scenario.answer import Answer
from services.account.scenario.errors import NoAnswerError
from services.account.scenario.page import Form

_LARGEST_BODY = 1_000_000  # bytes
_PIECE = 65_536  # bytes
_AGENT = "Tandem-Scenario"


class Browser:
    """Asks one site: it keeps its cookies, sends its forms and follows its redirects.

    Args:
        url: How the site is reached from here.
        origin: How people reach it; forms tell that they are of a page from there.
        seconds: How long an answer may take.
    """

    def __init__(self, url: str, origin: str, seconds: float) -> None:
        self._url = url
        self._origin = origin
        self._seconds = seconds
        # Cookies of a site that people reach by https are for https alone. What ends TLS is before
        # the servers that are asked here, and they are asked without.
        self._cookies = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
        self._opener = build_opener(
            ProxyHandler({}), HTTPCookieProcessor(self._cookies), _WithinTheSite()
        )

    def another(self) -> "Browser":
        """One more, with the cookies of this one as they are now."""
        browser = Browser(self._url, self._origin, self._seconds)
        for cookie in self._cookies:
            browser._cookies.set_cookie(cookie)
        return browser

    def get(self, path: str) -> Answer:
        """Ask for a page or a file.

        Raises:
            NoAnswerError: nothing answered, or not in time.
        """
        return self._answer(self._request(path))

    def send(self, form: Form, **typed: str) -> Answer:
        """Send a form with these fields filled in.

        Raises:
            NoAnswerError: nothing answered, or not in time.
        """
        request = self._request(form.action)
        request.data = urlencode({**form.fields, **typed}).encode()
        request.add_header("Origin", self._origin)
        request.add_header("Sec-Fetch-Site", "same-origin")
        return self._answer(request)

    def first_event(self, path: str, last_id: str) -> Answer:
        """Ask for a stream of events, as one who knows this one already.

        Returns:
            The stream up to its first event that says something, or all of what is no stream.

        Raises:
            NoAnswerError: nothing answered, or no such event came in time.
        """
        request = self._request(path)
        request.add_header("Last-Event-ID", last_id)
        with self._opened(request) as (response, due):
            if response.headers.get_content_type() != "text/event-stream":
                return _read(request, response, due)
            body = b""
            while line := response.readline(_PIECE):
                body += line
                if line == b"\n" and b"\ndata:" in body:
                    break
                _in_time(due)
            return _answered(request, response, body)

    def _request(self, path: str) -> Request:
        return Request(urljoin(self._url, path), headers={"User-Agent": _AGENT})  # noqa: S310  # of the site

    def _answer(self, request: Request) -> Answer:
        with self._opened(request) as (response, due):
            return _read(request, response, due)

    @contextmanager
    def _opened(self, request: Request) -> Iterator[tuple[addinfourl, float]]:
        due = time.monotonic() + self._seconds
        try:
            try:
                response = self._opener.open(request, timeout=self._seconds)
            except HTTPError as error:
                response = error
            with response:
                yield response, due
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise NoAnswerError(_asked(request), f"{type(reason).__name__}: {reason}") from None


class _WithinTheSite(HTTPRedirectHandler):
    """Leaves it to who asked what to think of a redirect that leads elsewhere."""

    @override
    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> Request | None:
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _read(request: Request, response: addinfourl, due: float) -> Answer:
    body = b""
    while len(body) < _LARGEST_BODY and (piece := response.read1(_PIECE)):
        body += piece
        _in_time(due)
    return _answered(request, response, body)


def _answered(request: Request, response: addinfourl, body: bytes) -> Answer:
    told = response.headers
    return Answer(
        asked=_asked(request),
        path=urlsplit(response.url).path,
        status=response.status or 0,
        media_type=told.get_content_type() if "content-type" in told else "",
        body=body.decode(told.get_content_charset("utf-8"), errors="replace"),
        location=told.get("location", ""),
    )


def _in_time(due: float) -> None:
    if time.monotonic() > due:
        raise TimeoutError("the answer takes too long")


def _asked(request: Request) -> str:
    return f"{request.get_method()} {request.full_url}"
