"""Answers that share a record."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc_kafka.protocol import (
    CALL_ID_LENGTH,
    SHARED,
    MalformedRecordError,
    Plain,
    Response,
    Responses,
    decode,
    encode_response,
    encode_responses,
    key_of,
    plain_of,
)

_ID = bytes(range(CALL_ID_LENGTH))
_TO = "5f2c9e0a11d07b34"
_KEY = key_of(_TO)

_ids = st.binary(min_size=CALL_ID_LENGTH, max_size=CALL_ID_LENGTH)
_answers = st.lists(st.tuples(_ids, st.binary(max_size=40)), min_size=1, max_size=20)


def _answer(message: bytes = b"x") -> Response:
    return Response(_ID, _TO, (), 0, "", (), message)


@settings(deadline=None)
@given(_answers)
def test_answers_that_share_a_record_are_read_apart_as_the_responses_that_they_are(
    answers: list[tuple[bytes, bytes]],
) -> None:
    sent = Responses(_KEY, _TO, tuple(answers))
    read = decode(*encode_responses(sent))
    assert read == sent
    assert isinstance(read, Responses)
    assert list(read.apart()) == [
        Response(call_id, _TO, (), 0, "", (), message) for call_id, message in answers
    ]


@pytest.mark.parametrize("message", [b"", b"x", bytes(SHARED // 2)])
def test_a_plain_answer_by_itself_is_the_record_of_its_response(message: bytes) -> None:
    plain = plain_of(_answer(message))
    assert plain is not None
    assert (plain.key, plain.headers, plain.value) == encode_response(_answer(message))


@pytest.mark.parametrize(
    "answer",
    [
        _answer()._replace(status=5),
        _answer()._replace(details="fine"),
        _answer()._replace(initial_metadata=(("k", "v"),)),
        _answer()._replace(trailing_metadata=(("k", "v"),)),
        _answer()._replace(parts=1, source="me"),
        _answer(bytes(SHARED // 2 + 1)),
    ],
)
def test_an_answer_that_says_more_or_is_large_shares_no_record(answer: Response) -> None:
    assert plain_of(answer) is None


def test_a_plain_answer_takes_the_room_that_its_bytes_have() -> None:
    def length(count: int) -> int:
        value = encode_responses(Responses(_KEY, _TO, ((_ID, b"message"),) * count)).value
        return len(value or b"")

    assert length(3) - length(2) == Plain(_ID, _TO, b"message").size


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        _ID,
        _ID + struct.pack(">I", 1),
        _ID + struct.pack(">I", 1) + b"xy",
        _ID + struct.pack(">I", 0) + _ID,
        _ID + struct.pack(">I", 2**32 - 1) + b"x",
    ],
)
def test_what_is_no_list_of_answers_is_refused(value: bytes | None) -> None:
    record = encode_responses(Responses(_KEY, _TO, ((_ID, b"x"),)))
    with pytest.raises(MalformedRecordError, match="list of answers"):
        decode(record.key, record.headers, value)
