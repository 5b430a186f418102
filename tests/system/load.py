"""A light load of people at work, who remember what they were promised."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import httpx

from tests.system.api import Client
from tests.system.people import Person

EDITS_PER_PERSON = 6
PAUSE = 0.05
"""Seconds between an answer and the same worker's next request."""

type Send = Callable[[], httpx.Response]


@dataclass
class Promised:
    """What the system acknowledged to one person.

    Attributes:
        person: Whose account it is.
        edit: The last acknowledged edit of the profile; 0 when there was none.
    """

    person: Person
    edit: int = 0


class Load:
    """Workers who open accounts and edit profiles, each one request at a time.

    A request that fails is sent again until it is acknowledged, as a patient person would.

    Attributes:
        promised: What was acknowledged, in no order.
        failed: The requests that were not.
        answered: How many were.
    """

    def __init__(self, url: str, workers: int = 3) -> None:
        self.promised: list[Promised] = []
        self.failed: list[str] = []
        self.answered = 0
        self._url = url
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._workers = [
            threading.Thread(target=self._work, name=f"worker-{number}")
            for number in range(workers)
        ]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        for worker in self._workers:
            worker.join()

    def wait_for_answers(self, number: int, timeout: float) -> None:
        """Return when so many more requests were answered.

        Raises:
            TimeoutError: they were not within `timeout` seconds.
        """
        goal, deadline = self.answered + number, time.monotonic() + timeout
        while self.answered < goal:
            if time.monotonic() > deadline:
                missing = goal - self.answered
                last = self.failed[-1] if self.failed else "no request failed"
                raise TimeoutError(f"{missing} of {number} not answered in {timeout:g} s; {last}")
            time.sleep(PAUSE)

    def _work(self) -> None:
        while not self._over.is_set():
            with Client(self._url) as client:
                self._be(Person("Worker"), client)

    def _be(self, person: Person, client: Client) -> None:
        if not self._succeeds("sign up", partial(client.sign_up, person)):
            return
        promised = Promised(person)
        self.promised.append(promised)
        for edit in range(1, EDITS_PER_PERSON + 1):
            if self._succeeds("edit", partial(client.save_profile, person.name, about_of(edit))):
                promised.edit = edit

    def _succeeds(self, what: str, send: Send) -> bool:
        while not self._over.is_set():
            problem = problem_of(send)
            with self._lock:
                if problem:
                    self.failed.append(f"{what}: {problem}")
                else:
                    self.answered += 1
            self._over.wait(PAUSE)
            if not problem:
                return True
        return False


def problem_of(send: Send) -> str:
    """Send a request; gives what is wrong with its answer, nothing when it succeeded."""
    try:
        answer = send()
    except httpx.TransportError as error:
        return f"{type(error).__name__}: {error}"
    return "" if answer.is_success else f"{answer.status_code} {answer.text[:200]}"


def about_of(edit: int) -> str:
    """What the profile says after this edit."""
    return f"edit {edit}" if edit else ""


def lost(url: str, load: Load) -> list[str]:
    """What was acknowledged and is not there: accounts, and edits of profiles."""
    found = []
    for promised in load.promised:
        with Client(url) as client:
            refused = problem_of(partial(client.sign_in, promised.person))
            if refused:
                found.append(f"an account: {refused}")
                continue
            about = client.get("/api/v1/account").json()["profile"]["about"]
            kept = [about_of(edit) for edit in (promised.edit, promised.edit + 1)]
            if about not in kept:  # the next edit may have been made and not acknowledged
                found.append(f"{kept[0]!r}: the profile says {about!r}")
    return found
