"""What people may type, and what they are told otherwise; pages and the JSON API share it."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from chassis.composing import composed
from services.account.errors import InvalidFieldsError

PASSWORD_LENGTHS = range(8, 129)
NAME_LENGTHS = range(1, 81)
_LONGEST_EMAIL = 254
_LONGEST_ABOUT = 500
_DISRUPTIVE = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories of controls, halves of characters, and separators of lines."""
_DIRECTION_OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_VISIBLE = set("LNPS")
_LINE_CONTROLS = {"\n", "\t"}


def _email(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("Enter your e-mail address.")
    name, _at, domain = text.rpartition("@")
    if not name or "." not in domain.strip(".") or any(char.isspace() for char in text):
        raise ValueError("Enter an e-mail address in full, like name@example.com.")
    if len(text) > _LONGEST_EMAIL:
        raise ValueError(f"An e-mail address has at most {_LONGEST_EMAIL} characters.")
    return _without_controls(text)


def _new_password(text: str) -> str:
    if not text:
        raise ValueError("Choose a password.")
    if _password_length(text) < PASSWORD_LENGTHS.start:
        raise ValueError(f"Choose a password of at least {PASSWORD_LENGTHS.start} characters.")
    return _known_password(text)


def _known_password(text: str) -> str:
    if not text:
        raise ValueError("Enter your password.")
    if _password_length(text) >= PASSWORD_LENGTHS.stop:
        raise ValueError(f"A password has at most {PASSWORD_LENGTHS[-1]} characters.")
    # A form cannot hold a half of a surrogate pair, but JSON can.
    if any(unicodedata.category(char) == "Cs" for char in text):
        raise ValueError("Use whole characters in a password.")
    return text


def _password_length(text: str) -> int:
    # As identity counts and compares: some keyboards send an accent as a character of its own.
    return len(composed(text, PASSWORD_LENGTHS[-1]))


def _display_name(text: str) -> str:
    text = composed(" ".join(text.split()), NAME_LENGTHS[-1])
    if not any(unicodedata.category(char)[0] in _VISIBLE for char in text):
        raise ValueError("Enter the name that you want to be shown.")
    if len(text) >= NAME_LENGTHS.stop:
        raise ValueError(f"A name has at most {NAME_LENGTHS[-1]} characters.")
    return _without_controls(text)


def _about(text: str) -> str:
    # Browsers send line ends as CRLF whatever was typed.
    text = composed(text.replace("\r\n", "\n").replace("\r", "\n").strip(), _LONGEST_ABOUT)
    if len(text) > _LONGEST_ABOUT:
        raise ValueError(
            f"This text has {len(text)} characters; it may have at most {_LONGEST_ABOUT}."
        )
    return _without_controls(text, _LINE_CONTROLS)


def _without_controls(text: str, allowed: set[str] | None = None) -> str:
    if any(map(_is_disruptive, set(text) - (allowed or set()))):
        raise ValueError("Leave out control characters, which cannot be seen.")
    return text


def _is_disruptive(char: str) -> bool:
    return unicodedata.category(char) in _DISRUPTIVE or char in _DIRECTION_OVERRIDES


_Email = Annotated[
    str,
    AfterValidator(_email),
    Field(json_schema_extra={"format": "email", "maxLength": _LONGEST_EMAIL}),
]
_NewPassword = Annotated[
    str,
    AfterValidator(_new_password),
    Field(
        repr=False,
        json_schema_extra={
            "format": "password",
            "minLength": PASSWORD_LENGTHS.start,
            "maxLength": PASSWORD_LENGTHS[-1],
        },
    ),
]
_KnownPassword = Annotated[
    str,
    AfterValidator(_known_password),
    Field(repr=False, json_schema_extra={"format": "password", "maxLength": PASSWORD_LENGTHS[-1]}),
]
_DisplayName = Annotated[
    str,
    AfterValidator(_display_name),
    Field(json_schema_extra={"minLength": NAME_LENGTHS.start, "maxLength": NAME_LENGTHS[-1]}),
]
_About = Annotated[
    str, AfterValidator(_about), Field(json_schema_extra={"maxLength": _LONGEST_ABOUT})
]


class Fields(BaseModel):
    """What a person fills in; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignUp(Fields):
    """Opens an account."""

    display_name: _DisplayName
    email: _Email
    password: _NewPassword


class SignIn(Fields):
    """Signs in."""

    email: _Email
    password: _KnownPassword


class ProfileEdit(Fields):
    """Replaces a profile."""

    display_name: _DisplayName
    about: _About


def check[F: Fields](kind: type[F], typed: Mapping[str, str]) -> F:
    """The fields of a form; a field that the browser did not send counts as empty.

    Raises:
        InvalidFieldsError: with a message for each field that is not acceptable.
    """
    try:
        return kind.model_validate({name: typed.get(name, "") for name in kind.model_fields})
    except ValidationError as error:
        raise InvalidFieldsError(
            {str(problem["loc"][0]): message(problem["msg"]) for problem in error.errors()}
        ) from None


def message(text: str) -> str:
    """What a validation says, without the framework's prefix."""
    return text.removeprefix("Value error, ")
