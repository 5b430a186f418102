import pytest
from starlette.requests import Request
from starlette.types import Message

from chassis.web.cookies import Cookie, CookieJar, CookiePolicy
from chassis.web.errors import StaleFormError, UnreadableBodyError
from chassis.web.form_body import MEDIA_TYPE
from chassis.web.forms import TOKEN_FIELD, check_token, form_token, submitted


def jar() -> CookieJar:
    return CookieJar(CookiePolicy(secure=True), {})


def test_a_form_passes_for_what_it_was_made_for() -> None:
    browser = jar()
    check_token(browser, {TOKEN_FIELD: form_token(browser, "/page", "1")}, "/page", "1")


def test_all_forms_of_a_browser_have_one_secret() -> None:
    browser = jar()
    forms = [{TOKEN_FIELD: form_token(browser, path)} for path in ("/one", "/other")]
    secret = browser.get(Cookie.BROWSER)
    check_token(browser, forms[0], "/one")
    check_token(browser, forms[1], "/other")
    assert browser.get(Cookie.BROWSER) == secret


def test_a_form_for_anything_else_or_of_another_browser_is_stale() -> None:
    browser = jar()
    typed = {TOKEN_FIELD: form_token(browser, "/page")}
    for sender, purpose in ((browser, "/other"), (jar(), "/page")):
        with pytest.raises(StaleFormError):
            check_token(sender, typed, purpose)
    with pytest.raises(StaleFormError):
        check_token(browser, {}, "/page")


def request(media_type: str) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"a=1&b=%C3%A9"}

    headers = [(b"content-type", media_type.encode())]
    return Request({"type": "http", "headers": headers}, receive)


async def test_what_was_sent_is_read_if_it_is_a_form() -> None:
    assert await submitted(request(MEDIA_TYPE)) == {"a": "1", "b": "é"}
    with pytest.raises(UnreadableBodyError):
        await submitted(request("text/plain"))
