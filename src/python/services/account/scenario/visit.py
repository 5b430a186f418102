"""One person's visit, from the sign-in to the sign-out."""

import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from itertools import pairwise

from services.account.scenario.answer import Answer
from services.account.scenario.browser import Browser
from services.account.scenario.errors import ScenarioError, WrongAnswerError
from services.account.scenario.page import Entry, Form

ACCOUNT, SIGN_IN, SIGN_UP, SIGN_OUT = "/account", "/sign-in", "/sign-up", "/sign-out"
PROFILE = "/account/profile"
_CHANGED = "Profile changed"

type Say = Callable[[str], None]


class Visit:
    """Signs in, changes the name, looks at what the site shows of it, signs out.

    Args:
        browser: It has no cookies yet.
        email: Of the person's account, which is opened if there is none.
        password: Of the account.
        say: Is told of each step: that it is done, or what failed.
    """

    def __init__(self, browser: Browser, email: str, password: str, say: Say) -> None:
        self._browser = browser
        self._email = email
        self._password = password
        self._say = say

    def make(self) -> None:
        """Do all of it.

        Raises:
            ScenarioError: a step failed; those after it were not tried.
        """
        if not self._step("sign in", self._sign_in):
            self._step("sign up, since there was no account", self._sign_up)
        before = self._step("account page", self._look)
        page = self._step("change the name", self._change_name, before)
        change, last = self._step("recent activity", _find_change, before, page)
        self._step("static files", self._load_stylesheet, page)
        self._step("live stream", self._listen, page, change, last)
        self._step("sign out", self._sign_out, page)

    def _step[**P, T](self, name: str, do: Callable[P, T], *given: P.args, **_: P.kwargs) -> T:
        began = time.monotonic()
        try:
            done = do(*given, **_)
        except ScenarioError as error:
            self._say(f"failed  {name}  ({time.monotonic() - began:.2f} s)")
            for line in error.lines():
                self._say(f"  {line}")
            raise
        self._say(f"ok  {name}  ({time.monotonic() - began:.2f} s)")
        return done

    def _sign_in(self) -> bool:
        form = _form(self._browser.get(SIGN_IN), SIGN_IN)
        answer = self._browser.send(form, email=self._email, password=self._password)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            return False
        _expect_account(answer)
        return True

    def _sign_up(self) -> None:
        form = _form(self._browser.get(SIGN_UP), SIGN_UP)
        answer = self._browser.send(
            form, display_name="Scenario", email=self._email, password=self._password
        )
        if answer.status == HTTPStatus.CONFLICT:
            has = f"{self._email} has an account already, with another password"
            raise WrongAnswerError(answer, f"a new account; {has}")
        _expect_account(answer)

    def _look(self) -> Answer:
        answer = self._browser.get(ACCOUNT)
        _expect_account(answer)
        page, name = answer.page(), _form(answer, PROFILE).fields.get("display_name")
        _expect(answer, page.heading == name, "the name of the profile above the page")
        _expect(answer, self._email in page.text, f"the address {self._email}")
        _expect(answer, "This browser" in page.text, "this browser among those signed in")
        _expect(answer, bool(page.entries), "recent activity")
        return answer

    def _change_name(self, before: Answer) -> Answer:
        name = f"Scenario {secrets.token_hex(4)}"
        _expect_account(self._browser.send(_form(before, PROFILE), display_name=name))
        answer = self._browser.get(ACCOUNT)
        _expect_account(answer)
        _expect(answer, answer.page().heading == name, f"the new name, {name}")
        return answer

    def _load_stylesheet(self, shown: Answer) -> None:
        sheets = shown.page().stylesheets
        _expect(shown, bool(sheets), "a page with a stylesheet")
        answer = self._browser.get(sheets[0])
        right = (answer.status, answer.media_type) == (HTTPStatus.OK, "text/css")
        _expect(answer, right and bool(answer.body), "a stylesheet")

    def _listen(self, shown: Answer, change: Entry, last: Entry) -> None:
        live = shown.page().live
        _expect(shown, bool(live), "a page that is live")
        answer = self._browser.first_event(live, last.id)
        told = f"id: {change.id}" in answer.body.splitlines()
        _expect(answer, told, f"a stream of events with the change of the name, {change.id}")

    def _sign_out(self, shown: Answer) -> None:
        before = self._browser.another()
        answer = self._browser.send(_form(shown, SIGN_OUT))
        out = (answer.status, answer.path) == (HTTPStatus.OK, SIGN_IN)
        _expect(answer, out and "You are signed out." in answer.page().text, "to be signed out")
        answer = before.get(ACCOUNT)
        _expect(answer, answer.path == SIGN_IN, "no account page for a session that has ended")


def _find_change(before: Answer, after: Answer) -> tuple[Entry, Entry]:
    """The entry that the change made, and the one before it."""
    known = {entry.id for entry in before.page().entries}
    entries = after.page().entries
    for change, last in pairwise(entries):
        if change.id not in known and _CHANGED in change.text:
            return change, last
    raise WrongAnswerError(after, "the change of the name among recent activity")


def _expect_account(answer: Answer) -> None:
    there = (answer.status, answer.path) == (HTTPStatus.OK, ACCOUNT)
    _expect(answer, there, "the account page")


def _form(answer: Answer, action: str) -> Form:
    form = answer.page().form(action) if answer.status == HTTPStatus.OK else None
    if form is None:
        raise WrongAnswerError(answer, f"a page with the form of {action}")
    return form


def _expect(answer: Answer, holds: bool, what: str) -> None:
    if not holds:
        raise WrongAnswerError(answer, what)
