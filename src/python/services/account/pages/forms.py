"""Forms as they are rendered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chassis.web.errors import StaleFormError
from chassis.web.forms import TOKEN_FIELD
from services.account.errors import EmailTakenError, IdTakenError
from services.account.failures import Failure, describe

_USED = (
    "This form has opened an account already. "
    "To open one more, with this address, enter the password again and send it."
)
_STALE = (
    "This form is out of date, so nothing was changed. Enter the password again and send it; "
    "cookies must be allowed for this site."
)
_PROBLEMS: Mapping[type[Exception], str] = {IdTakenError: _USED, StaleFormError: _STALE}
_NEVER_SHOWN = {TOKEN_FIELD, "password"}


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


def refusal(error: Exception, token: str, typed: Mapping[str, str]) -> Refusal:
    """The form again, with what was typed, save the password, and what was wrong with it."""
    failure = describe(error)
    values = {name: value for name, value in typed.items() if name not in _NEVER_SHOWN}
    errors = dict(failure.fields)
    if isinstance(error, EmailTakenError):
        errors["email"] = failure.detail
    problem = _PROBLEMS.get(type(error), failure.detail)
    return Refusal(Form(token, values, errors, problem="" if errors else problem), failure)
