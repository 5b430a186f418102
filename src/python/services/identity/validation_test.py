"""What a sign-up may contain."""

import unicodedata
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tandem.identity.v1.identity_pb2 import SignUpRequest
from uuid_utils.compat import uuid7

from services.identity import validation
from services.identity.errors import InvalidFieldsError

ACCENTS = "e" + "\u0301\u0327" * 1_000_000
"""What would take minutes to compose."""

ACCEPTABLE = {
    "account_id": str(uuid7()),
    "email": "ada@example.org",
    "password": "correct horse",
    "display_name": "Ada",
}


def problems(**changes: str) -> dict[str, str]:
    try:
        validation.new_account(SignUpRequest(**(ACCEPTABLE | changes)))
    except InvalidFieldsError as error:
        return error.violations
    return {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_id", str(uuid7())),
        ("email", " Ada+tandem@EXAMPLE.org "),
        ("email", "ада@пример.рф"),
        ("password", "8 chars!"),
        ("password", "x" * 128),
        ("password", "пароль из слов"),
        ("display_name", "Ада Лавлейс"),
        ("display_name", " Ada "),
        ("display_name", "👩‍🚀"),
        ("display_name", "x" * 80),
    ],
)
def test_acceptable_field_is_accepted(field: str, value: str) -> None:
    assert problems(**{field: value}) == {}


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("account_id", "", "UUID"),
        ("account_id", "7", "UUID"),
        ("account_id", str(uuid.uuid4()), "UUID"),
        ("account_id", str(uuid7()).upper(), "UUID"),
        ("account_id", str(uuid7()).replace("-", ""), "UUID"),
        ("email", " ", "Enter"),
        ("email", "ada", "@-sign"),
        ("email", "ada@example", "period"),
        ("email", "Ada <ada@example.org>", "display name"),
        ("email", f"{'a' * 250}@example.org", "too long"),
        ("email", f"e{chr(0x301) * 1_000_000}@example.org", "too long"),
        ("password", "7 chars", "at least 8"),
        ("password", "cafe\u0301 ol", "at least 8"),
        ("password", "x" * 129, "at most 128"),
        ("password", ACCENTS, "at most 128"),
        ("password", "ADA@example.org", "something else"),
        ("display_name", "  ", "Enter"),
        ("display_name", "\u200b\u200d", "Enter"),
        ("display_name", "x" * 81, "at most 80"),
        ("display_name", ACCENTS, "at most 80"),
        ("display_name", "Ada\nLovelace", "line breaks"),
        ("display_name", "Ada\0", "control"),
        ("display_name", "\u202eadA", "control"),
    ],
)
def test_unacceptable_field_is_named_with_what_to_do(field: str, value: str, problem: str) -> None:
    found = problems(**{field: value})
    assert list(found) == [field]
    assert problem in found[field]


def test_texts_are_taken_in_their_stored_form() -> None:
    request = SignUpRequest(
        **(ACCEPTABLE | {"email": " Ada@EXAMPLE.org ", "display_name": " cafe\u0301 "})
    )
    account = validation.new_account(request)
    assert (account.email, account.display_name) == ("Ada@example.org", "caf\u00e9")


def test_password_does_not_show_in_an_accounts_text_form() -> None:
    account = validation.new_account(SignUpRequest(**ACCEPTABLE))
    assert ACCEPTABLE["password"] not in repr(account)


@settings(deadline=None)
@given(email=st.text(), password=st.text(), display_name=st.text())
def test_any_texts_are_accepted_or_named(email: str, password: str, display_name: str) -> None:
    found = problems(email=email, password=password, display_name=display_name)
    assert set(found) <= set(ACCEPTABLE)
    assert all(found.values())


@settings(deadline=None)
@given(name=st.text())
def test_accepted_display_name_fits_its_column(name: str) -> None:
    if not problems(display_name=name):
        stored = validation.new_account(
            SignUpRequest(**(ACCEPTABLE | {"display_name": name}))
        ).display_name
        assert 1 <= len(stored) <= validation.LONGEST_DISPLAY_NAME
        assert "\0" not in stored
        assert unicodedata.is_normalized("NFC", stored)


@settings(deadline=None)
@given(text=st.text(max_size=300))
def test_any_user_agent_can_be_stored(text: str) -> None:
    stored = validation.normal_user_agent(text)
    assert len(stored) <= validation.LONGEST_USER_AGENT
    assert stored.isprintable()


@pytest.mark.parametrize("text", ["", "ada", "ada@", "@example.org", "a@b@c.org"])
def test_text_that_is_no_address_has_no_normal_form(text: str) -> None:
    assert validation.normal_email(text) is None
