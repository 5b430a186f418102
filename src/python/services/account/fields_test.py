import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.account.errors import InvalidFieldsError
from services.account.fields import Fields, ProfileEdit, SignIn, SignUp, check

GOOD = {"display_name": "Ada", "email": "ada@example.com", "password": "long enough"}


def problems(kind: type[Fields], **typed: str) -> dict[str, str]:
    with pytest.raises(InvalidFieldsError) as refused:
        check(kind, typed)
    return refused.value.fields


@settings(deadline=None)
@given(st.text(), st.text())
def test_an_accepted_profile_fits_the_store(display_name: str, about: str) -> None:
    with suppress(InvalidFieldsError):
        accepted = check(ProfileEdit, {"display_name": display_name, "about": about})
        assert 1 <= len(accepted.display_name) <= 80
        assert len(accepted.about) <= 500
        assert "\0" not in accepted.display_name + accepted.about
        assert "\n" not in accepted.display_name
        assert (accepted.display_name + accepted.about).encode("utf-8")


def test_every_wrong_field_is_told_at_once() -> None:
    assert set(problems(SignUp)) == {"display_name", "email", "password"}


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "@example.com", "ada@host", "a b@example.com"]
)
def test_an_incomplete_address_is_refused(email: str) -> None:
    assert "e-mail address" in problems(SignUp, **{**GOOD, "email": email})["email"]


@pytest.mark.parametrize(("length", "accepted"), [(7, False), (8, True), (128, True), (129, False)])
def test_a_new_password_has_8_to_128_characters(length: int, accepted: bool) -> None:
    typed = {**GOOD, "password": "x" * length}
    if accepted:
        assert check(SignUp, typed).password == typed["password"]
    else:
        assert str(8 if length < 8 else 128) in problems(SignUp, **typed)["password"]


def test_an_accent_sent_as_a_character_of_its_own_makes_no_password_longer() -> None:
    assert check(SignUp, {**GOOD, "password": "e\u0301" * 128}).password == "e\u0301" * 128
    assert "128" in problems(SignUp, **{**GOOD, "password": "e\u0301" * 129})["password"]
    assert "8" in problems(SignUp, **{**GOOD, "password": "e\u0301" * 7})["password"]


@pytest.mark.parametrize("name", ["display_name", "password", "about"])
def test_a_text_that_is_too_long_is_refused_without_the_time_to_compose_it(name: str) -> None:
    kind = ProfileEdit if name == "about" else SignUp
    accents = "e" + "\u0301\u0327" * 8000  # as much as a body holds
    began = time.process_time()
    found = problems(kind, **{**GOOD, "about": "", name: accents})
    assert time.process_time() - began < 0.1
    assert "at most" in found[name]


def test_accents_are_composed_however_many_characters_they_are_sent_as() -> None:
    typed = " " * 1000 + "\u03b1\u0313\u0300\u0345" * 80
    assert check(ProfileEdit, {"display_name": typed, "about": typed}) == ProfileEdit(
        display_name="\u1f82" * 80, about="\u1f82" * 80
    )


def test_a_password_is_taken_as_typed() -> None:
    typed = {**GOOD, "password": "  spaces count  "}
    assert check(SignUp, typed).password == "  spaces count  "


def test_a_short_password_may_be_tried_at_sign_in() -> None:
    assert check(SignIn, {"email": "ada@example.com", "password": "x"}).password == "x"


def test_a_password_is_not_in_the_repr() -> None:
    assert GOOD["password"] not in repr(check(SignUp, GOOD))


def test_spaces_of_a_name_are_tidied() -> None:
    edited = check(ProfileEdit, {"display_name": "  Ada \t Lovelace\n", "about": ""})
    assert edited.display_name == "Ada Lovelace"


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "a\u202eb", "a\x00b", "x" * 81])
def test_a_name_that_cannot_be_seen_or_shown_is_refused(name: str) -> None:
    assert "display_name" in problems(ProfileEdit, display_name=name, about="")


def test_line_ends_of_browsers_count_once() -> None:
    about = "\r\n".join(["line"] * 100)
    assert check(ProfileEdit, {"display_name": "Ada", "about": about}).about.count("\n") == 99
