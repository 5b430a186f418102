"""A person and their browsers, from sign-up to sign-out, through everything that runs."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.support.chromium import Visitor, visiting
from tests.support.system import System
from tests.system.people import Person

pytestmark = pytest.mark.usefixtures("calm")

type Visit = Callable[[], Visitor]

FINGERPRINTED = re.compile(r"/static/[a-z-]+\.[0-9a-f]{12}\.(css|js|svg)")
YEAR = 365 * 24 * 3600  # seconds


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def visit(request: pytest.FixtureRequest, tandem: System, browser: Browser) -> Iterator[Visit]:
    """Opens further browsers; at the end none of them may have complained of a page."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def open_one() -> Visitor:
            context = visiting(browser, tandem.url, java_script=request.param)
            visitors.append(stack.enter_context(context))
            return visitors[-1]

        yield open_one
        assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


def shown(visitor: Visitor, section: str) -> Locator:
    return visitor.page.get_by_role("region", name=section)


def activity(visitor: Visitor) -> list[str]:
    return shown(visitor, "Recent activity").locator(".row-title").all_inner_texts()


def test_a_person_signs_up_edits_the_profile_ends_another_session_and_signs_out(
    visit: Visit,
) -> None:
    person = Person("Ada Lovelace")
    first = visit()
    person.sign_up(first)
    expect(first.page.get_by_role("status")).to_have_text(re.compile("Welcome"))
    expect(first.page.get_by_text(person.email)).to_be_visible()
    first.look("account-new")

    first.page.get_by_label("Name").fill("Ada King")
    first.page.get_by_label("About you").fill("Notes & <b>numbers</b>,\nsince 1843")
    first.page.get_by_role("button", name="Save the profile").click()
    expect(first.page.get_by_role("status")).to_have_text("Your profile has been saved.")
    expect(first.page.get_by_role("heading", level=1)).to_have_text("Ada King")
    expect(first.page.get_by_label("About you")).to_have_value(
        "Notes & <b>numbers</b>,\nsince 1843"
    )

    second = visit()
    person.sign_in(second)
    expect(second.page.get_by_role("heading", level=1)).to_have_text("Ada King")
    first.page.reload()
    sessions = shown(first, "Where you are signed in")
    expect(sessions.get_by_role("listitem")).to_have_count(2)
    first.look("account-two-sessions")
    sessions.get_by_role("button", name="End this session").click()
    expect(first.page.get_by_role("status")).to_contain_text("has been ended")
    expect(sessions.get_by_role("listitem")).to_have_count(1)

    second.page.get_by_role("link", name="Your account").click()
    expect(second.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(second.page.get_by_role("status")).to_contain_text("Your session has ended")
    second.look("session-ended")

    assert activity(first) == [
        "Session ended",
        "Signed in",
        "Profile changed",
        "Signed in",
        "Account created",
    ]
    first.page.get_by_role("button", name="Sign out").click()
    expect(first.page.get_by_role("status")).to_have_text("You are signed out.")
    first.page.goto("/account")
    expect(first.page.get_by_role("heading", level=1)).to_have_text("Sign in")

    person.sign_in(first)
    expect(first.page.get_by_role("heading", level=1)).to_have_text("Ada King")
    assert activity(first)[:2] == ["Signed in", "Signed out"]


def test_a_wrong_password_and_an_unknown_address_get_one_and_the_same_clear_message(
    visit: Visit,
) -> None:
    person = Person("Grace Hopper")
    owner = visit()
    person.sign_up(owner)
    stranger = visit()
    messages = []
    for somebody in (person, Person("Nobody")):
        somebody.sign_in(stranger, password="not the password")
        alert = stranger.page.get_by_role("alert")
        expect(alert).to_have_count(1)
        expect(alert).to_contain_text("The e-mail address or the password is not right.")
        expect(stranger.page.get_by_label("E-mail address")).to_have_value(somebody.email)
        expect(stranger.page.get_by_label("Password")).to_have_value("")
        messages.append(alert.inner_text())
    stranger.look("sign-in-refused")
    assert messages[0] == messages[1]


def test_what_is_wrong_with_a_sign_up_is_said_beside_each_field_and_what_was_typed_stays(
    visit: Visit,
) -> None:
    visitor = visit()
    visitor.page.goto("/sign-up")
    visitor.page.get_by_label("Name").fill("Edsger")
    visitor.page.get_by_label("E-mail address").fill("edsger")
    visitor.page.get_by_label("Password").fill("short")
    visitor.page.get_by_role("button", name="Create the account").click()
    expect(visitor.page.get_by_label("Name")).to_have_value("Edsger")
    for field in ("E-mail address", "Password"):
        expect(visitor.page.get_by_label(field)).to_have_attribute("aria-invalid", "true")
    expect(visitor.page.get_by_role("alert").get_by_role("listitem")).to_have_count(2)
    visitor.look("sign-up-refused")


def test_a_form_of_another_site_changes_nothing(visit: Visit) -> None:
    person = Person("Alan Turing")
    visitor = visit()
    person.sign_up(visitor)
    foreign = visitor.page.context.new_page()
    foreign.goto("about:blank")
    foreign.set_content(
        f"<form method=post action='{visitor.page.url}/profile'>"
        "<input name=display_name value=Mallory><input name=about><button>Win</button></form>"
    )
    with foreign.expect_navigation() as navigation:
        foreign.get_by_role("button").click()
    answer = navigation.value
    assert answer is not None
    assert answer.status == httpx.codes.FORBIDDEN
    visitor.page.reload()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Alan Turing")


def test_static_files_are_named_by_their_content_and_kept_for_ever(visit: Visit) -> None:
    visitor = visit()
    answers: list[tuple[str, dict[str, str]]] = []
    visitor.page.on("response", lambda response: answers.append((response.url, response.headers)))
    visitor.page.goto("/")
    page, *static = answers
    assert page[1]["cache-control"] == "no-store"
    assert len(static) >= 2
    for url, headers in static:
        assert FINGERPRINTED.fullmatch(httpx.URL(url).path)
        assert "immutable" in headers["cache-control"]
        age = re.search(r"max-age=(\d+)", headers["cache-control"])
        assert age is not None
        assert int(age[1]) >= YEAR


def test_a_page_that_is_not_there_is_a_page_that_helps(visit: Visit) -> None:
    visitor = visit()
    answer = visitor.page.goto("/no-such-page")
    assert answer is not None
    assert answer.status == httpx.codes.NOT_FOUND
    visitor.look("not-found")
    visitor.page.get_by_role("link", name="To the start page").click()
    expect(visitor.page).to_have_title("Your account in one place · Tandem")
