"""Somebody at the site, in a browser that keeps its connections and listens to its stream.

Everything is a request through nginx, and what is wrong with one is written down: nothing is sent
again, and nothing forgiven. A stream's end in order is no failure; it is asked for again as a
browser's EventSource does, by the last id that came.
"""

import asyncio
import itertools
import json
import random
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import httpx

from tests.support.site_report import Entry, Sample, Write
from tests.system.api import own_address
from tests.system.people import Person

TIMEOUT = 15.0
"""Seconds that an answer may take; more than the system's own deadlines."""

SILENCE = 40.0
"""Seconds that a stream may be silent; it gives a sign of life every 15."""

_STREAM = "/account/activity/stream"
_PAGE_SIZE = 100
_EDITED, _SIGNED_IN, _SIGNED_OUT = "profile-updated", "signed-in", "signed-out"
_NO_TLS = ssl.create_default_context()  # made once: each browser would make one

type Look = Callable[[httpx.Response], str]
"""What is wrong with an answer; nothing if it is what was asked for."""


@dataclass
class Listened:
    """What the streams of a browser told.

    Attributes:
        after: The entry that the first one began after.
        came: The ids of the entries that came.
        begun: How often one began.
        ended: How often one ended in order.
    """

    after: str = ""
    came: list[str] = field(default_factory=list)
    begun: int = 0
    ended: int = 0


@dataclass
class Visitor:
    """A person with an account, and what the site promised to them.

    Attributes:
        url: Where the site is.
        samples: Where the requests are written down, shared by all visitors.
        person: Who it is.
        asked: The writes, in the order in which they were sent.
        listened: What the streams told.
    """

    url: str
    samples: list[Sample]
    person: Person = field(default_factory=lambda: Person("Visitor"))
    asked: list[Write] = field(default_factory=list)
    listened: Listened = field(default_factory=Listened)

    def __post_init__(self) -> None:
        self.browser, self._stranger = browser(self.url), browser(self.url)
        self._profiles = [(self.person.name, "")]  # those that the account may have now
        self._edits = itertools.count()

    async def sign_up(self) -> None:
        """Open the account.

        Raises:
            httpx.HTTPError: it was not opened.
        """
        token = _token()
        body = {
            "account_id": self.person.id,
            "email": self.person.email,
            "password": self.person.password,
            "display_name": self.person.name,
        }
        answer = await self.browser.post(
            "/api/v1/accounts", json=body, headers={"user-agent": token}
        )
        answer.raise_for_status()
        self.asked += [Write("account-created", "", acknowledged=True)]
        self.asked += [Write(_SIGNED_IN, token, acknowledged=True)]

    async def read(self) -> None:
        """Look at the account's page."""
        await self._send(self.browser, "page", "GET", "/account", self._shows_me)

    async def pass_by(self) -> None:
        """Look at the start page, in a browser that is not signed in."""
        await self._send(self._stranger, "start", "GET", "/", _invites)

    async def edit(self) -> None:
        """Change the profile: its name, the text or both, as no other edit does."""
        # Where nobody knows what the profile is, both will differ from it.
        token, turn = _token(), next(self._edits) % 3 if len(self._profiles) == 1 else 2
        name, about = self._profiles[-1]
        name = name if turn == 0 else f"Visitor {token}"
        about = about if turn == 1 else token
        body = {"display_name": name, "about": about}
        sent = await self._send(
            self.browser,
            "edit",
            "PUT",
            "/api/v1/account/profile",
            lambda answer: "" if answer.json()["profile"] == body else "another profile",
            json=body,
        )
        detail = ("about", "display name", "display name, about")[turn]
        self.asked.append(Write(_EDITED, detail, acknowledged=sent))
        self._profiles = [*([] if sent else self._profiles), (name, about)]

    async def come_and_go(self) -> None:
        """Sign in by another browser, and out again."""
        token, credentials = (
            _token(),
            {"email": self.person.email, "password": self.person.password},
        )
        async with browser(self.url, token) as other:
            path = "/api/v1/sessions"
            came = await self._send(other, "sign in", "POST", path, json=credentials)
            self.asked.append(Write(_SIGNED_IN, token, acknowledged=came))
            if came:
                path = "/api/v1/sessions/current"
                left = await self._send(other, "sign out", "DELETE", path)
                self.asked.append(Write(_SIGNED_OUT, token, acknowledged=left))

    async def listen(self, delay: float) -> None:
        """Hold a stream of the account's activity open, one after the other, until cancelled.

        Args:
            delay: Seconds until the first one.
        """
        await asyncio.sleep(delay)
        last, retry = "", 1.0
        while True:
            began = time.monotonic()
            try:
                async with self._streaming(last) as answer:
                    if answer.status_code == httpx.codes.OK:
                        self._tell("stream", began)
                        self.listened.begun += 1
                        async for event in _events(answer):
                            last, retry = event.id or last, event.retry or retry
                            self._heard(event)
                        self.listened.ended += 1
                    else:
                        self._tell("stream", began, f"status {answer.status_code}")
            except httpx.TransportError as error:
                self._tell("stream", began, _said(error))
            await asyncio.sleep(retry)

    async def activity(self) -> list[Entry]:
        """All that happened on the account, the oldest first.

        Raises:
            httpx.HTTPError: the site does not tell.
        """
        entries: list[Entry] = []
        token = ""
        while True:
            told: dict[str, str | int] = {"page_size": _PAGE_SIZE, "page_token": token}
            answer = await self.browser.get("/api/v1/activity", params=told)
            page = answer.raise_for_status().json()
            entries += [Entry(e["id"], e["kind"], e["detail"]) for e in page["activities"]]
            token = page["next_token"]
            if not token:
                return entries[::-1]

    async def misses(self) -> str:
        """What is wrong with the profile: an acknowledged edit is not what it says.

        Raises:
            httpx.HTTPError: the site does not tell.
        """
        answer = await self.browser.get("/api/v1/account")
        profile = answer.raise_for_status().json()["profile"]
        kept = (profile["display_name"], profile["about"])
        return "" if kept in self._profiles else f"the profile says {kept}, not {self._profiles}"

    async def leave(self) -> None:
        """Close the browsers."""
        await self.browser.aclose()
        await self._stranger.aclose()

    def _shows_me(self, answer: httpx.Response) -> str:
        return "" if self.person.email in answer.text else "another page"

    def _heard(self, event: "_Event") -> None:
        self.listened.after = self.listened.after or event.id
        if event.kind:
            self._tell("stream", time.monotonic(), f"event {event.kind}: {event.data}")
        elif event.data:
            self.listened.came.append(json.loads(event.data)["id"])

    def _streaming(self, last: str) -> AbstractAsyncContextManager[httpx.Response]:
        headers = {"accept": "text/event-stream"} | ({"last-event-id": last} if last else {})
        timeout = httpx.Timeout(TIMEOUT, read=SILENCE)
        return self.browser.stream("GET", _STREAM, headers=headers, timeout=timeout)

    async def _send(
        self,
        client: httpx.AsyncClient,
        kind: str,
        method: str,
        path: str,
        look: Look | None = None,
        json: object = None,
    ) -> bool:
        began = time.monotonic()
        try:
            answer = await client.request(method, path, json=json)
        except httpx.TransportError as error:
            problem = _said(error)
        else:
            problem = "" if answer.is_success else f"status {answer.status_code}"
            if not problem and look is not None:
                problem = look(answer)
        self._tell(kind, began, problem)
        return not problem

    def _tell(self, kind: str, began: float, problem: str = "") -> None:
        self.samples.append(Sample(kind, began, time.monotonic() - began, problem))


def browser(url: str, name: str = "tandem-load") -> httpx.AsyncClient:
    """A browser with an address of its own, which it says as a balancer would.

    Args:
        url: Where the site is.
        name: What it says of itself.
    """
    address = own_address()
    headers = {"user-agent": name} | ({"x-forwarded-for": address} if address else {})
    return httpx.AsyncClient(
        base_url=url,
        headers=headers,
        timeout=TIMEOUT,
        transport=httpx.AsyncHTTPTransport(verify=_NO_TLS, local_address=address),
    )


def _invites(answer: httpx.Response) -> str:
    return "" if "Create an account" in answer.text else "another page"


def some_pause(seconds: float) -> float:
    """About so many seconds: people do not act in step."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311  # no secret


def _token() -> str:
    return f"token-{secrets.token_hex(8)}"


def _said(error: httpx.TransportError) -> str:
    return f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class _Event:
    id: str
    kind: str
    data: str
    retry: float


async def _events(answer: httpx.Response) -> AsyncIterator[_Event]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
        else:
            retry = int(fields.get("retry", "0")) / 1000
            yield _Event(
                fields.get("id", ""), fields.get("event", ""), fields.get("data", ""), retry
            )
            fields = {}
