from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.database.page_tokens import PageTokenError, Place, decode, encode

ACCOUNT = UUID("0190a0e0-0000-7000-8000-000000000001")
PLACE = Place(datetime(2026, 11, 24, 3, 0, 0, 123456, UTC), UUID(int=7))

uuids = st.uuids()
places = st.builds(Place, st.datetimes(timezones=st.just(UTC)), uuids)


@settings(deadline=None)
@given(uuids, places)
def test_a_token_leads_back_to_its_place(account: UUID, place: Place) -> None:
    assert decode(account, encode(account, place)) == place


@settings(deadline=None)
@given(uuids, places, uuids)
def test_a_token_serves_one_account(account: UUID, place: Place, other: UUID) -> None:
    if other != account:
        with pytest.raises(PageTokenError):
            decode(other, encode(account, place))


@settings(deadline=None)
@given(places, st.data())
def test_a_changed_token_is_refused(place: Place, data: st.DataObject) -> None:
    token = encode(ACCOUNT, place)
    index = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters().filter(lambda each: each != token[index]))
    with pytest.raises(PageTokenError):
        decode(ACCOUNT, token[:index] + character + token[index + 1 :])


@settings(deadline=None)
@given(st.text())
def test_arbitrary_text_is_refused(text: str) -> None:
    with pytest.raises(PageTokenError):
        decode(ACCOUNT, text)


def test_a_token_goes_into_an_address_as_it_is() -> None:
    token = encode(ACCOUNT, PLACE)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert token.isascii()


def test_padding_makes_it_another_token() -> None:
    with pytest.raises(PageTokenError):
        decode(ACCOUNT, encode(ACCOUNT, PLACE) + "=")
