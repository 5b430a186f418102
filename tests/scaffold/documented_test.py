"""Commands of the docs that want a checkout and no server, as the pages have them."""

import re

import pytest

from bluegreen.state import State
from bluegreen.testing import bundle
from ci.git import Git
from tests.build.checkout import Checkout
from tests.docs.commands import Command, documented

pytestmark = pytest.mark.timeout(600)  # seconds; the first test has Pants start

_SECONDS = 300.0
_CHANGED = "src/python/services/account/edge/cookies_test.py"


def said(checkout: Checkout, command: Command) -> str:
    """What it says; it must succeed."""
    done = command.run(folder=checkout.root, environment=checkout.environment, timeout=_SECONDS)
    assert done.code == 0, done.said
    return done.said


def test_a_service_of_a_name_that_will_not_do_is_refused_with_another(checkout: Checkout) -> None:
    command = documented("docs/adding-a-service.md", "./pants run :new-service -- order")
    done = command.run(folder=checkout.root, environment=checkout.environment, timeout=_SECONDS)
    assert done.code == 1
    assert command.output in done.said


def test_a_room_is_tested_and_checked(checkout: Checkout) -> None:
    tested = said(checkout, documented("docs/first-hour.md", "./pants test src"))
    assert re.search(r"✓ src/python/services/account/.* succeeded in", tested)
    checked = said(checkout, documented("docs/first-hour.md", "./pants fmt lint check"))
    assert "mypy succeeded" in checked


def test_what_a_change_can_have_affected_is_tested_and_no_more(checkout: Checkout) -> None:
    before = (checkout.root / _CHANGED).read_text()
    with checkout.file(_CHANGED, f"{before}\n"):
        command = documented("docs/first-hour.md", "./pants --changed-since=HEAD")
        tested = said(checkout, command)
    assert tested.count(":tests succeeded") == 1
    assert f"{_CHANGED}:tests succeeded" in tested


def test_the_deployer_says_what_it_can_what_holds_and_what_it_would_do(checkout: Checkout) -> None:
    helped = said(checkout, documented("docs/bluegreen.md", "--help"))
    assert "rollback" in helped
    settings = said(checkout, documented("docs/bluegreen.md", "-d production config"))
    assert "www.example.com" in settings

    bundle(1).write(checkout.root / "release")
    (checkout.root / "state.json").write_text(State().render())
    try:
        planned = said(checkout, documented("docs/bluegreen.md", "-d production plan"))
    finally:
        Git(checkout.root).run("clean", "--quiet", "--force", "-d", "release", "state.json")
    assert "14 steps" in planned
