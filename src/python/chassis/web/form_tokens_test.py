from base64 import urlsafe_b64decode, urlsafe_b64encode

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.web.form_tokens import is_genuine, issue, new_secret

SECRET = new_secret()
purposes = st.lists(st.text(max_size=8), max_size=3)


@settings(deadline=None)
@given(purposes)
def test_a_token_is_genuine_for_its_browser_and_purpose(purpose: list[str]) -> None:
    assert is_genuine(issue(SECRET, *purpose), SECRET, *purpose)


@settings(deadline=None)
@given(purposes, purposes)
def test_a_token_serves_no_other_purpose(made: list[str], asked: list[str]) -> None:
    assert is_genuine(issue(SECRET, *made), SECRET, *asked) == (made == asked)


@settings(deadline=None)
@given(st.integers(0, 47), st.integers(1, 255))
def test_a_token_with_any_byte_changed_is_not_genuine(place: int, change: int) -> None:
    raw = bytearray(urlsafe_b64decode(issue(SECRET, "form")))
    raw[place] ^= change
    assert not is_genuine(urlsafe_b64encode(raw).decode(), SECRET, "form")


@settings(deadline=None)
@given(st.text())
def test_whatever_else_is_sent_is_not_genuine(text: str) -> None:
    assert not is_genuine(text, SECRET, "form")


def test_a_token_is_not_genuine_in_another_browser() -> None:
    assert not is_genuine(issue(SECRET, "form"), new_secret(), "form")


def test_a_browser_without_a_secret_has_no_genuine_token() -> None:
    assert not is_genuine(issue("", "form"), "", "form")


def test_a_token_differs_each_time() -> None:
    assert issue(SECRET, "form") != issue(SECRET, "form")
