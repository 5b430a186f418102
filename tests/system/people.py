"""People who use the system, each with an account of their own."""

import secrets
from dataclasses import dataclass, field

from playwright.sync_api import expect
from uuid_utils.compat import uuid7

from tests.support.chromium import Visitor


@dataclass(frozen=True)
class Person:
    """Somebody new. What is private of them is unlike anything else, so that a search finds it."""

    name: str
    email: str = field(default_factory=lambda: f"person-{secrets.token_hex(8)}@example.com")
    password: str = field(default_factory=lambda: f"pass {secrets.token_urlsafe(12)}")
    id: str = field(default_factory=lambda: str(uuid7()))

    def sign_up(self, visitor: Visitor) -> None:
        """Open an account in this browser, beginning at the start page."""
        page = visitor.page
        page.goto("/")
        visitor.look("start")
        page.get_by_role("main").get_by_role("link", name="Create an account").click()
        visitor.look("sign-up")
        page.get_by_label("Name").fill(self.name)
        page.get_by_label("E-mail address").fill(self.email)
        page.get_by_label("Password").fill(self.password)
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(self.name)

    def sign_in(self, visitor: Visitor, password: str | None = None) -> None:
        """Send the sign-in form in this browser; the password is the right one if none is given."""
        page = visitor.page
        page.goto("/sign-in")
        page.get_by_label("E-mail address").fill(self.email)
        page.get_by_label("Password").fill(self.password if password is None else password)
        page.get_by_role("button", name="Sign in").click()
