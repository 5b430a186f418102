"""Recent activity as it happens: two windows of one person, through everything that runs."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.support.chromium import Visitor, visiting
from tests.support.system import System
from tests.system.api import Client
from tests.system.people import Person

pytestmark = pytest.mark.usefixtures("calm")

AT_ONCE = 2_000  # milliseconds; so long a browser waits before it asks for a lost stream anew
AGAIN = 15_000  # milliseconds until a browser has found its stream again
STOPPED_WITHIN = 9.0  # seconds; a stream that waited for the grace to pass takes ten
WRITTEN_WITHIN = 20.0  # seconds from the end of a stream to the last of its log entries
REFUSED = re.compile(r"^50[23] for .*/stream|a status of 50[23] ")
PAGE, API = "/account/activity/stream", "/api/v1/activity/stream"

type Visit = Callable[..., Visitor]


@pytest.fixture
def visit(tandem: System, browser: Browser) -> Iterator[Visit]:
    """Opens browsers, or windows of one; at the end none of them may have complained."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def open_one(*, beside: Visitor | None = None, java_script: bool = True) -> Visitor:
            if beside is None:
                context = visiting(browser, tandem.url, java_script=java_script)
                visitors.append(stack.enter_context(context))
            else:
                visitors.append(Visitor(beside.page.context.new_page()))
                visitors[-1].watch()
            return visitors[-1]

        yield open_one
        assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


def rows(visitor: Visitor) -> Locator:
    """The titles of the list, the newest first."""
    section = visitor.page.get_by_role("region", name="Recent activity")
    return section.locator("li .row-title")


def list_of(visitor: Visitor) -> str:
    """All of the list, without the space between elements."""
    squeezed: str = visitor.page.locator(".events").evaluate(
        "list => list.innerHTML.replace(/>\\s+</g, '><').trim()"
    )
    return squeezed


def looks_at_the_account(visitor: Visitor) -> None:
    """Show the account, and leave a mark in the page that a reload would wipe out."""
    visitor.page.goto("/account")
    visitor.page.evaluate("document.documentElement.dataset.mark = 'not reloaded'")


def was_not_reloaded(visitor: Visitor) -> bool:
    marked: bool = visitor.page.evaluate("document.documentElement.dataset.mark !== undefined")
    return marked


def edit(visitor: Visitor, name: str) -> None:
    visitor.page.goto("/account")
    visitor.page.get_by_label("Name").fill(name)
    visitor.page.get_by_role("button", name="Save the profile").click()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(name)


def test_an_edit_in_one_window_appears_in_another_at_once_without_a_reload(visit: Visit) -> None:
    person = Person("Ada Lovelace")
    first = visit()
    person.sign_up(first)
    beside, elsewhere = visit(beside=first), visit()
    person.sign_in(elsewhere)
    for window in (beside, elsewhere):
        looks_at_the_account(window)
        # The sign-in of the other browser is the newest, live or not.
        expect(rows(window).first).to_have_text("Signed in")
    edit(first, "Ada King")
    for window in (beside, elsewhere):
        expect(rows(window)).to_have_text(
            ["Profile changed", "Signed in", "Signed in", "Account created"], timeout=AT_ONCE
        )
        expect(window.page.locator("[data-news]")).to_have_text("Profile changed: display name")
        expect(rows(window).first.locator("xpath=../..")).to_contain_text("just now")
        assert was_not_reloaded(window)
    beside.look("account-live")
    beside.page.reload()
    expect(rows(beside)).to_have_count(4)


def test_what_is_shown_live_looks_the_same_as_after_a_reload(visit: Visit) -> None:
    person = Person("Grace Hopper")
    first, second = visit(), visit()
    person.sign_up(first)
    looks_at_the_account(first)
    person.sign_in(second)
    edit(second, "Grace & <b>Hopper</b>")
    expect(rows(first)).to_have_count(4, timeout=AT_ONCE)
    live = list_of(first)
    assert was_not_reloaded(first)
    first.page.reload()
    assert list_of(first) == live


def test_without_scripts_the_page_shows_it_when_it_is_loaded_again(visit: Visit) -> None:
    person = Person("Edsger Dijkstra")
    first, second = visit(java_script=False), visit(java_script=False)
    person.sign_up(first)
    person.sign_in(second)
    edit(first, "E. W. Dijkstra")
    expect(rows(second)).to_have_text(["Signed in", "Signed in", "Account created"])
    second.page.reload()
    expect(rows(second).first).to_have_text("Profile changed")


def test_a_window_of_a_session_that_is_signed_out_asks_no_more(
    visit: Visit, tandem: System
) -> None:
    person = Person("Alan Turing")
    first = visit()
    person.sign_up(first)
    beside = visit(beside=first)
    with beside.page.expect_response(lambda response: PAGE in response.url) as begun:
        looks_at_the_account(beside)
    trace_id = begun.value.headers["x-request-id"]
    asked: list[str] = []
    beside.page.on("request", lambda request: asked.append(request.url))
    first.page.get_by_role("button", name="Sign out").click()
    expect(first.page.get_by_role("status")).to_have_text("You are signed out.")
    assert logged(tandem, "nginx", trace_id)["status"] == httpx.codes.OK
    beside.page.wait_for_timeout(5_000)  # a stream that only broke is asked for again by then
    assert asked == []
    assert was_not_reloaded(beside)


def logged(tandem: System, service: str, trace_id: str) -> dict[str, object]:
    """What a process wrote of a stream when it was over."""
    deadline = time.monotonic() + WRITTEN_WITHIN
    while time.monotonic() < deadline:
        for line in (tandem.logs / f"{service}.log").read_text().splitlines():
            entry: dict[str, object] = json.loads(line)
            served = entry["event"] in {"request served", "rpc served"}
            of_stream = "WatchActivity" in str(entry.get("method")) or "path" in entry
            if served and of_stream and entry.get("trace_id") == trace_id:
                return entry
        time.sleep(0.05)
    raise AssertionError(f"{service} wrote nothing of {trace_id}")


def test_a_stream_ends_with_its_session_and_is_one_trace_in_all_logs(tandem: System) -> None:
    person = Person("Barbara Liskov")
    with Client(tandem.url) as client, Client(tandem.url) as phone:
        client.sign_up(person)
        phone.sign_in(person)
        with client.stream("GET", API) as answer:
            trace_id = answer.headers["x-request-id"]
            lines = answer.iter_lines()
            assert next(lines).startswith("retry: ")
            assert phone.save_profile("Barbara", about="").status_code == httpx.codes.OK
            told = next(line for line in lines if line.startswith("data: "))
            assert json.loads(told.removeprefix("data: "))["kind"] == "profile-updated"
            with Client(tandem.url) as same:
                same.cookies.update(client.cookies)
                assert same.delete("/api/v1/sessions/current").is_success
            assert list(lines)[-3:] == ["event: end", "data: the session has ended", ""]
        assert client.get(API).status_code == httpx.codes.UNAUTHORIZED
        assert client.get(PAGE).status_code == httpx.codes.NO_CONTENT
    assert logged(tandem, "nginx", trace_id)["path"] == API
    assert logged(tandem, "account", trace_id)["path"] == API
    served = logged(tandem, "database", trace_id)
    assert served["code"] == "CANCELLED"


def test_a_browser_finds_its_stream_again_when_services_are_started_anew(
    visit: Visit, tandem: System
) -> None:
    person = Person("Radia Perlman")
    first, second = visit(), visit()
    person.sign_up(first)
    person.sign_in(second)
    looks_at_the_account(first)
    for service in ("database", "account"):
        began = time.monotonic()
        assert tandem.services[service].stop() == 0
        assert time.monotonic() - began < STOPPED_WITHIN
        tandem.services[service].start()
        tandem.services[service].wait_until_healthy()
        edit(second, f"Radia, after {service}")
        expect(rows(first).first).to_have_text("Profile changed", timeout=AGAIN)
        assert was_not_reloaded(first)
    expect(rows(first)).to_have_count(5, timeout=AGAIN)
    forgive_refusals(first, second)


def test_a_browser_finds_its_stream_again_after_a_crash_of_the_database_service(
    visit: Visit, tandem: System
) -> None:
    person = Person("Frances Allen")
    first, second = visit(), visit()
    person.sign_up(first)
    person.sign_in(second)
    looks_at_the_account(first)
    expect(rows(first)).to_have_count(3)
    tandem.services["database"].kill()
    tandem.services["database"].start()
    tandem.services["database"].wait_until_healthy()
    edit(second, "Fran Allen")
    # account takes a process for dead after eight seconds without a sign of life.
    expect(rows(first).first).to_have_text("Profile changed", timeout=2 * AGAIN)
    assert was_not_reloaded(first)
    expect(rows(first)).to_have_count(4)
    forgive_refusals(first, second)


def forgive_refusals(*visitors: Visitor) -> None:
    """While a service is away a stream is refused, and the script asks again later."""
    for visitor in visitors:
        others = [each for each in visitor.complaints if not REFUSED.search(each)]
        visitor.complaints[:] = others
