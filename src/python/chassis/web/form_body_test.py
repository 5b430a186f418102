from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.web.errors import UnreadableBodyError
from chassis.web.form_body import MEDIA_TYPE, parse

texts = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(st.dictionaries(texts, texts, max_size=20))
def test_what_a_browser_sends_is_read(fields: dict[str, str]) -> None:
    assert parse(f"{MEDIA_TYPE}; charset=utf-8", urlencode(fields).encode()) == fields


@settings(deadline=None)
@given(st.binary())
def test_whatever_else_is_sent_is_read_or_refused(body: bytes) -> None:
    with suppress(UnreadableBodyError):
        assert all(isinstance(value, str) for value in parse(MEDIA_TYPE, body).values())


def test_of_a_repeated_field_the_first_counts() -> None:
    assert parse(MEDIA_TYPE, b"a=1&a=2") == {"a": "1"}


@pytest.mark.parametrize("body", [b"a=%ff", b"a=\xff", b"&".join([b"a=1"] * 21)])
def test_a_body_that_no_browser_sends_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBodyError) as refused:
        parse(MEDIA_TYPE, body)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/json", "multipart/form-data"]
)
def test_another_media_type_is_refused(media_type: str) -> None:
    with pytest.raises(UnreadableBodyError) as refused:
        parse(media_type, b"a=1")
    assert refused.value.status == 415
