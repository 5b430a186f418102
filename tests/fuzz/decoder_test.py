"""Whatever a record holds, it is a frame or it is refused: nothing else, and soon."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from grpc_kafka.protocol import (
    Cancel,
    Encoded,
    Frame,
    FrameKind,
    MalformedRecordError,
    Part,
    Ping,
    Request,
    Response,
    Responses,
    decode,
    encode_cancel,
    encode_part,
    encode_ping,
    encode_request,
    encode_response,
    encode_responses,
    encode_stream,
)
from tests.fuzz import records
from tests.fuzz.timed import LONGEST, play

_SECONDS = 0.5
_BYTES = 16 * 1024 * 1024


@pytest.mark.timeout(LONGEST + 60)
def test_a_record_is_a_frame_that_reads_the_same_again_or_is_malformed() -> None:
    @given(records.keys, records.headers, records.values)
    def property_(
        key: bytes | None, headers: records.AnyHeaders | None, value: bytes | None
    ) -> None:
        try:
            frame = decode(key, headers, value)
        except MalformedRecordError as error:
            assert len(error.reason) < 300  # noqa: PT017 - a frame is right as well
            return
        assert decode(*_encode(frame)) == frame

    play(property_)


@pytest.mark.parametrize("kind", sorted(records.BEGINNINGS))
@pytest.mark.parametrize("count", [10, 20_000])
def test_a_record_as_large_as_they_come_is_read_in_bounded_time_and_memory(
    kind: FrameKind, count: int
) -> None:
    filler = [(name, b"x" * (900_000 // count)) for name in (":later", "k", ":sizes", ":more")]
    beginning = [(name, b"1") for name in records.BEGINNINGS[kind]]
    headers = [(":version", b"1"), (":frame", kind.encode()), *beginning, *filler * (count // 4)]
    tracemalloc.start()
    began = time.process_time()
    try:
        decode(bytes(16), headers, bytes(900_000))
    except MalformedRecordError as error:
        assert len(error.reason) < 300  # noqa: PT017 - a frame is right as well
    taken = time.process_time() - began
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < _SECONDS
    assert most < _BYTES


_ENCODERS: dict[type, Callable[[Any], Encoded]] = {
    Part: encode_part,
    Request: encode_request,
    Response: encode_response,
    Responses: encode_responses,
    Cancel: encode_cancel,
    Ping: encode_ping,
}


def _encode(frame: Frame) -> Encoded:
    return _ENCODERS.get(type(frame), encode_stream)(frame)
