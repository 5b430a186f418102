"""Forms between rendering and submission."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from services.account.edge import form_tokens
from services.account.edge.cookies import Cookie, CookieJar
from services.account.edge.form_body import parse
from services.account.errors import AccountError, EmailTakenError, IdTakenError, StaleFormError
from services.account.failures import Failure, describe

_TOKEN = "form_token"  # noqa: S105  # a field's name
_USED = (
    "This form has opened an account already. "
    "To open one more, with this address, enter the password again and send it."
)
_STALE = (
    "This form is out of date, so nothing was changed. Enter the password again and send it; "
    "cookies must be allowed for this site."
)
_PROBLEMS: Mapping[type[AccountError], str] = {IdTakenError: _USED, StaleFormError: _STALE}
_NEVER_SHOWN = {_TOKEN, "password"}


@dataclass(frozen=True)
class Form:
    """A form as it is rendered.

    Attributes:
        token: Proves that it was rendered for this browser.
        values: What its fields hold.
        errors: What is wrong with a field, by its name.
        problem: What is wrong with the whole, if anything.
    """

    token: str
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class Refusal:
    """A form that was sent, and could not be accepted."""

    form: Form
    failure: Failure


def form_token(jar: CookieJar, *purpose: str) -> str:
    """A token for a form; gives the browser a secret if it has none."""
    if not jar.get(Cookie.BROWSER):
        jar.put(Cookie.BROWSER, form_tokens.new_secret())
    return form_tokens.issue(jar.get(Cookie.BROWSER), *purpose)


async def submitted(request: Request) -> Mapping[str, str]:
    """The fields of the form that was sent.

    Raises:
        UnreadableBodyError: it is no form.
    """
    return parse(request.headers.get("content-type", ""), await request.body())


def check_token(jar: CookieJar, typed: Mapping[str, str], *purpose: str) -> None:
    """Let pass a form that was rendered for this browser and purpose.

    Raises:
        StaleFormError: it was not.
    """
    if not form_tokens.is_genuine(typed.get(_TOKEN, ""), jar.get(Cookie.BROWSER), *purpose):
        raise StaleFormError


def refusal(error: AccountError, token: str, typed: Mapping[str, str]) -> Refusal:
    """The form again, with what was typed, save the password, and what was wrong with it."""
    failure = describe(error)
    values = {name: value for name, value in typed.items() if name not in _NEVER_SHOWN}
    errors = dict(failure.fields)
    if isinstance(error, EmailTakenError):
        errors["email"] = failure.detail
    problem = _PROBLEMS.get(type(error), failure.detail)
    return Refusal(Form(token, values, errors, problem="" if errors else problem), failure)
