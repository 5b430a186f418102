"""What a sign-up may contain, and how it is said to a person when it does not."""

import unicodedata
import uuid
from dataclasses import dataclass, field

import email_validator
from tandem.identity.v1.identity_pb2 import SignUpRequest

from chassis.composing import composed
from services.identity.errors import InvalidFieldsError

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 128
LONGEST_DISPLAY_NAME = 80
LONGEST_USER_AGENT = 200
_LONGEST_EMAIL = 1016
"""Of 254 characters at the most, each of which may be composed of four."""

_VISIBLE = frozenset("LNPS")  # letters, numbers, punctuation, symbols: Unicode's major categories
_LINES_AND_CONTROLS = frozenset({"Cc", "Zl", "Zp"})
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An acceptable sign-up, its texts in their stored form."""

    id: str
    email: str
    password: str = field(repr=False)
    display_name: str


def new_account(request: SignUpRequest) -> NewAccount:
    """Check a sign-up as a whole.

    Raises:
        InvalidFieldsError: with every field that is not acceptable, not only the first.
    """
    email, email_problem = _email(request.email)
    display_name = composed(request.display_name.strip(), LONGEST_DISPLAY_NAME)
    found = {
        "account_id": _account_id_problem(request.account_id),
        "email": email_problem,
        "password": _password_problem(request.password, {email, request.email.strip()}),
        "display_name": _display_name_problem(display_name),
    }
    violations = {name: problem for name, problem in found.items() if problem is not None}
    if violations:
        raise InvalidFieldsError(violations)
    return NewAccount(request.account_id, email, request.password, display_name)


def normal_email(text: str) -> str | None:
    """An address in its stored form; None when the text is no e-mail address."""
    email, problem = _email(text)
    return email if problem is None else None


def normal_user_agent(text: str) -> str:
    """What a browser said of itself, as far as it can be stored and shown."""
    printable = "".join(character for character in text if character.isprintable())
    return printable[:LONGEST_USER_AGENT]


def _email(text: str) -> tuple[str, str | None]:
    if not text.strip():
        return "", "Enter your e-mail address."
    if len(text) > _LONGEST_EMAIL:  # which is known before it is composed
        return "", "The e-mail address is too long."
    try:
        address = email_validator.validate_email(text.strip(), check_deliverability=False)
    except email_validator.EmailNotValidError as error:
        return "", str(error)
    return address.normalized, None


def _password_problem(password: str, emails: set[str]) -> str | None:
    length = len(composed(password, LONGEST_PASSWORD))
    if length < SHORTEST_PASSWORD:
        return f"Use at least {SHORTEST_PASSWORD} characters."
    if length > LONGEST_PASSWORD:
        return f"Use at most {LONGEST_PASSWORD} characters."
    if password.casefold() in {email.casefold() for email in emails}:
        return "Use something else than your e-mail address."
    return None


def _display_name_problem(name: str) -> str | None:
    if not any(unicodedata.category(character)[0] in _VISIBLE for character in name):
        return "Enter the name that others will see."
    if len(name) > LONGEST_DISPLAY_NAME:
        return f"Use at most {LONGEST_DISPLAY_NAME} characters."
    if any(map(_is_disruptive, name)):
        return "Leave out line breaks and control characters."
    return None


def _is_disruptive(character: str) -> bool:
    return (
        unicodedata.category(character) in _LINES_AND_CONTROLS or character in _DIRECTION_OVERRIDES
    )


def _account_id_problem(text: str) -> str | None:
    try:
        version = uuid.UUID(text).version if str(uuid.UUID(text)) == text else None
    except ValueError:
        version = None
    return None if version == 7 else "Use a UUID of version 7 in its canonical text form."  # noqa: PLR2004
