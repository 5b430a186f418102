"""Forms between rendering and submission."""

from collections.abc import Mapping

from starlette.requests import Request

from chassis.web import form_tokens
from chassis.web.cookies import Cookie, CookieJar
from chassis.web.errors import StaleFormError
from chassis.web.form_body import parse

TOKEN_FIELD = "form_token"  # noqa: S105  # a field's name
"""The hidden field of a form that has its token."""


def form_token(jar: CookieJar, *purpose: str) -> str:
    """A token for a form; gives the browser a secret if it has none.

    Args:
        jar: The cookies of the request that the form is the answer to.
        purpose: What the form is for, such as its path and whose session it is.
    """
    if not jar.get(Cookie.BROWSER):
        jar.put(Cookie.BROWSER, form_tokens.new_secret())
    return form_tokens.issue(jar.get(Cookie.BROWSER), *purpose)


async def submitted(request: Request) -> Mapping[str, str]:
    """The fields of the form that was sent; of a repeated name the first.

    Raises:
        UnreadableBodyError: it is no form.
    """
    return parse(request.headers.get("content-type", ""), await request.body())


def check_token(jar: CookieJar, typed: Mapping[str, str], *purpose: str) -> None:
    """Let pass a form that was rendered for this browser and purpose.

    Raises:
        StaleFormError: it was not.
    """
    if not form_tokens.is_genuine(typed.get(TOKEN_FIELD, ""), jar.get(Cookie.BROWSER), *purpose):
        raise StaleFormError
