from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import uuid_utils.compat
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from services.database.errors import InvalidRequestError
from services.database.fields import Fields

DAY = timedelta(days=1)


def test_all_violations_come_together() -> None:
    def read() -> None:
        with Fields() as fields:
            fields.id("id", "x")
            fields.text("name", "", least=1, most=3)
            fields.text("note", "fine", most=9)

    with pytest.raises(InvalidRequestError) as refused:
        read()
    assert [each.field for each in refused.value.violations] == ["id", "name"]


def test_another_error_is_not_hidden() -> None:
    def fail() -> None:
        with Fields() as fields:
            fields.refuse("id", "is wrong")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


@settings(deadline=None)
@given(st.uuids())
def test_an_id_is_read_from_its_canonical_text_alone(value: UUID) -> None:
    with Fields() as fields:
        assert fields.id("id", str(value)) == value
    for other in (str(value).replace("-", ""), f"{{{value}}}", f"urn:uuid:{value}"):
        with pytest.raises(InvalidRequestError), Fields() as fields:
            fields.id("id", other)


def test_a_new_id_carries_its_time() -> None:
    new = uuid_utils.compat.uuid7()
    with Fields() as fields:
        assert fields.new_id("id", str(new)) == new
    with pytest.raises(InvalidRequestError, match="UUIDv7"), Fields() as fields:
        fields.new_id("id", str(uuid4()))


@settings(deadline=None)
@given(st.text())
def test_whatever_text_comes_is_taken_or_refused(value: str) -> None:
    for read in (Fields.id, Fields.new_id, Fields.email, Fields.password_hash):
        with suppress(InvalidRequestError):
            with Fields() as fields:
                taken = read(fields, "field", value)
            assert str(taken).lower() == value.lower()


@pytest.mark.parametrize(
    "value", ["", "a", "@b", "a@", "a b@c", "a@b\n", "a@b\0", "a" * 250 + "@b.cd"]
)
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequestError, match="email"), Fields() as fields:
        fields.email("email", value)


def test_an_address_is_read_in_lower_case() -> None:
    with Fields() as fields:
        assert fields.email("email", "Ada.ÄÖ@Example.ORG") == "ada.äö@example.org"


@pytest.mark.parametrize("value", ["\0", "abcd"])
def test_text_keeps_its_bounds_and_holds_no_nul(value: str) -> None:
    with pytest.raises(InvalidRequestError), Fields() as fields:
        fields.text("note", value, most=3)


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_whatever_time_comes_is_taken_or_refused(seconds: int, nanos: int) -> None:
    try:
        with Fields() as fields:
            time = fields.time("at", Timestamp(seconds=seconds, nanos=nanos))
    except InvalidRequestError:
        return
    assert time.tzinfo is UTC


def test_a_time_is_read_in_utc() -> None:
    with Fields() as fields:
        time = fields.time("at", Timestamp(seconds=1, nanos=5_000))
    assert time == datetime(1970, 1, 1, 0, 0, 1, 5, UTC)


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_whatever_duration_comes_is_in_bounds_or_refused(seconds: int, nanos: int) -> None:
    try:
        with Fields() as fields:
            length = fields.duration("window", Duration(seconds=seconds, nanos=nanos), most=DAY)
    except InvalidRequestError:
        return
    assert timedelta(0) < length <= DAY
