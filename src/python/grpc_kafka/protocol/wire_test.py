import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc_kafka.protocol import (
    CALL_ID_LENGTH,
    Address,
    Arity,
    Cancel,
    Frame,
    FrameKind,
    MalformedRecordError,
    Metadata,
    Part,
    Request,
    Response,
    decode,
    encode_cancel,
    encode_part,
    encode_request,
    encode_response,
    kind_of,
)

_ID = bytes(range(CALL_ID_LENGTH))
_HOME = Address("blue.account.inbox", 3, "5f2c")

_texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
_keys = st.from_regex(r"[0-9a-z_.-]{1,12}", fullmatch=True).filter(
    lambda key: not key.startswith("grpc-")
)
_entries = st.one_of(
    st.tuples(_keys.filter(lambda key: not key.endswith("-bin")), _texts),
    st.tuples(_keys.map(lambda key: f"{key}-bin"), st.binary()),
)
_metadata = st.lists(_entries, max_size=5).map(tuple)
_ids = st.binary(min_size=CALL_ID_LENGTH, max_size=CALL_ID_LENGTH)
_instances = st.from_regex(r"[0-9a-f]{1,16}", fullmatch=True)
_addresses = st.builds(
    Address,
    st.from_regex(r"[a-zA-Z0-9._-]{1,20}", fullmatch=True),
    st.integers(0, 2**31 - 1),
    _instances,
)
_requests = st.builds(
    Request,
    _ids,
    st.text(st.characters(codec="utf-8"), min_size=1),
    _addresses,
    st.none() | st.integers(0, 2**52).map(lambda microseconds: microseconds / 1_000_000),
    _metadata,
    st.binary(),
    st.sampled_from(Arity),
    st.integers(0, 2**31),
)
_answers = (
    _ids,
    _instances,
    _metadata,
    st.integers(0, 16),
    st.text(st.characters(codec="utf-8")),
    _metadata,
    st.binary(),
)
_responses = st.builds(Response, *_answers, st.just(0), st.just("")) | st.builds(
    Response, *_answers, st.integers(1, 2**31), _instances
)


@settings(deadline=None)
@given(_requests)
def test_a_request_is_read_as_it_was_written(frame: Request) -> None:
    read = decode(*encode_request(frame))
    assert isinstance(read, Request)
    expected = frame._replace(message=b"") if frame.arity.request_streaming else frame
    assert read._replace(deadline=None) == expected._replace(deadline=None)
    if frame.deadline is None or read.deadline is None:
        assert read.deadline is frame.deadline
    else:
        assert read.deadline == pytest.approx(frame.deadline, abs=2e-6)


@settings(deadline=None)
@given(_responses)
def test_a_response_is_read_as_it_was_written(frame: Response) -> None:
    expected = frame if frame.status == 0 else frame._replace(message=b"")
    assert decode(*encode_response(frame)) == expected


@settings(deadline=None)
@given(st.builds(Cancel, _ids, st.just("") | _instances))
def test_a_cancel_is_read_as_it_was_written(frame: Cancel) -> None:
    assert decode(*encode_cancel(frame)) == frame


_PLAUSIBLE: list[tuple[str, bytes | None]] = [
    (":path", b"/a.B/C"),
    (":to", b"5f2c"),
    (":sequence", b"0"),
    (":reply-to", b"a/0/b"),
    (":credit", b"1"),
    (":more", b"1"),
    (":arity", b"unary_stream"),
    (":later", b"1"),
    ("grpc-timeout", b"1"),
    ("grpc-status", b"0"),
    ("grpc-message", b"\xff"),
    ("x", b"\xff"),
    ("k-bin", b"\xff"),
]
_FIRST: dict[FrameKind, list[str]] = {
    **{kind: [":to", ":sequence"] for kind in FrameKind},
    FrameKind.REQUEST: [":path", ":reply-to"],
    FrameKind.RESPONSE: [":to"],
    FrameKind.CANCEL: [],
    FrameKind.PING: [":to", ":reply-to"],
}


def _beginning(kind: bytes, first: list[str]) -> list[tuple[str, bytes | None]]:
    steering = [(":version", b"1"), (":frame", kind)]
    return [*steering, *((name, dict(_PLAUSIBLE)[name]) for name in first)]


_beginnings = st.sampled_from(
    [
        *(_beginning(kind.encode(), first) for kind, first in _FIRST.items()),
        _beginning(b"LATER", [":to", ":sequence"]),
        _beginning(b"MESSAGE", []),
        [],
    ]
)
_names = st.sampled_from([":version", ":frame", *(name for name, _ in _PLAUSIBLE)])
_wild = st.tuples(_names | st.text(max_size=5), st.none() | st.binary(max_size=8))
_headers = st.builds(
    lambda beginning, plausible, wild: [*beginning, *plausible, *wild],
    _beginnings,
    st.lists(st.sampled_from(_PLAUSIBLE), max_size=5),
    st.lists(_wild, max_size=3),
)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from([*[_ID] * 8, None, b"", b"short"]),
    _headers,
    st.none() | st.binary(max_size=8),
)
def test_any_record_is_a_frame_or_malformed(
    key: bytes | None, headers: list[tuple[str, bytes | None]], value: bytes | None
) -> None:
    try:
        frame: Frame | None = decode(key, headers, value)
    except MalformedRecordError:
        frame = None
    assert frame is None or (frame.call_id, kind_of(frame).encode()) == (key, headers[1][1])


@settings(deadline=None)
@given(st.text())
def test_any_text_is_an_address_or_malformed(text: str) -> None:
    try:
        address = Address.parse(text)
    except MalformedRecordError:
        return
    assert Address.parse(str(address)) == address


def _request(**changes: object) -> tuple[bytes, list[tuple[str, bytes | None]], bytes | None]:
    frame = Request(_ID, "/a.B/C", _HOME, 12.5, (("k", "v"),), b"message")
    key, headers, value = encode_request(frame)
    return key, [(name, changes.get(name, raw)) for name, raw in headers], value  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({":version": b"2"}, "version"),
        ({":frame": b"LATER"}, "not known here"),
        ({":path": b""}, ":path"),
        ({":path": b"\xff"}, "UTF-8"),
        ({":path": None}, ":path"),
        ({":reply-to": b"nowhere"}, "no address"),
        ({":reply-to": b"blue.\0.inbox/0/i"}, "no address"),
        ({":reply-to": b"t" * 250 + b"/0/i"}, "no address"),
        ({":reply-to": b"t/99999999999/i"}, "cannot be"),
        ({":reply-to": b"t/4294967295/i"}, "cannot be"),
        ({"grpc-timeout": b"1S"}, "no number"),
        ({"grpc-timeout": b"9" * 40}, "no number"),
        ({"grpc-timeout": b"%d" % 2**63}, "no number"),
        ({"k": None}, "no value"),
    ],
)
def test_a_request_with_a_broken_header_is_malformed(
    changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(MalformedRecordError, match=reason):
        decode(*_request(**changes))


@pytest.mark.parametrize("name", [":frame", ":reply-to", "grpc-timeout"])
def test_what_is_said_of_a_giant_header_is_short(name: str) -> None:
    with pytest.raises(MalformedRecordError) as caught:
        decode(*_request(**{name: b"x" * 500_000}))
    assert len(caught.value.reason) < 200


@pytest.mark.parametrize("raw", [None, b"", b"\xff"])
def test_a_cancel_that_says_badly_whom_it_is_for_is_malformed(raw: bytes | None) -> None:
    key, headers, value = encode_cancel(Cancel(_ID))
    with pytest.raises(MalformedRecordError, match=":to"):
        decode(key, [*headers, (":to", raw)], value)


def test_an_inbox_of_a_lane_is_told_from_all_else() -> None:
    assert _HOME.is_inbox_of("blue")
    assert not _HOME.is_inbox_of("green")
    assert not _HOME.is_inbox_of("blu")
    assert not Address("blue.account.Service", 3, "5f2c").is_inbox_of("blue")


def test_an_instance_is_a_short_word() -> None:
    for instance in ("i" * 65, "two\nlines", ""):
        with pytest.raises(MalformedRecordError, match="no address"):
            Address.parse(f"blue.account.inbox/3/{instance}")


def test_records_without_what_every_frame_has_are_malformed() -> None:
    key, headers, value = _request()
    for record in [
        (None, headers, value),
        (b"short", headers, value),
        (key, None, value),
        (key, headers[:1], value),
        (key, headers[1:], value),
        (key, headers[:3], value),
        (key, headers, None),
    ]:
        with pytest.raises(MalformedRecordError):
            decode(*record)


def test_metadata_cannot_speak_for_the_protocol() -> None:
    key, headers, value = _request()
    frame = decode(key, [*headers, ("grpc-status", b"0"), ("grpc-message", b"x")], value)
    assert isinstance(frame, Request)
    assert frame.metadata == (("k", "v"),)


def test_steering_headers_of_a_later_time_are_ignored() -> None:
    key, headers, value = _request()
    request = decode(key, [*headers, (":later", b"1")], value)
    assert isinstance(request, Request)
    assert request.metadata == (("k", "v"),)
    response = Response(_ID, "5f2c", (("a", "1"),), 0, "", (("b", "2"),), b"m")
    key, given, value = encode_response(response)
    assert (
        decode(key, [*given[:3], (":later", b"1"), *given[3:], (":later", b"2")], value) == response
    )
    for cancel in [Cancel(_ID), Cancel(_ID, "5f2c")]:
        key, given, value = encode_cancel(cancel)
        assert decode(key, [*given, (":later", b"1")], value) == cancel


def _response(metadata: Metadata = ()) -> tuple[bytes, list[tuple[str, bytes]], bytes | None]:
    return encode_response(Response(_ID, "5f2c", (), 0, "", metadata, b"m"))


def test_a_response_without_a_status_or_with_another_is_malformed() -> None:
    key, headers, value = _response()
    status = next(place for place, (name, _) in enumerate(headers) if name == "grpc-status")
    for raw in [b"17", b"-1", b"00", b"OK", None]:
        broken: list[tuple[str, bytes | None]] = [*headers]
        broken[status] = ("grpc-status", raw)
        with pytest.raises(MalformedRecordError):
            decode(key, broken, value)
    with pytest.raises(MalformedRecordError, match="without a status"):
        decode(key, headers[:status], value)
    with pytest.raises(MalformedRecordError, match="without a message"):
        decode(key, headers, None)


def test_no_bytes_are_a_message_and_differ_from_none() -> None:
    frame = Response(_ID, "5f2c", (), 0, "", (), b"")
    assert encode_response(frame).value == b""
    assert encode_response(frame._replace(status=5)).value is None


@pytest.mark.parametrize("arity", Arity)
def test_a_request_has_a_value_unless_its_messages_follow(arity: Arity) -> None:
    streams = arity in {Arity.STREAM_UNARY, Arity.STREAM_STREAM}
    frame = Request(_ID, "/a.B/C", _HOME, None, (), b"", arity)
    key, headers, value = encode_request(frame)
    assert arity.request_streaming is streams
    assert value == (None if streams else b"")
    assert decode(key, headers, value) == frame
    if not streams:
        with pytest.raises(MalformedRecordError, match="without a message"):
            decode(key, headers, None)


def test_a_unary_request_does_not_name_its_arity() -> None:
    frame = Request(_ID, "/a.B/C", _HOME, None, (), b"")
    assert ":arity" not in dict(encode_request(frame).headers)
    stream = encode_request(frame._replace(arity=Arity.UNARY_STREAM))
    assert dict(stream.headers)[":arity"] == b"unary_stream"


@pytest.mark.parametrize("raw", [b"", b"unary", b"UNARY_STREAM", b"x" * 500_000, None])
def test_a_request_of_another_arity_is_malformed(raw: bytes | None) -> None:
    key, headers, value = _request()
    with pytest.raises(MalformedRecordError) as caught:
        decode(key, [*headers, (":arity", raw)], value)
    assert "arity" in caught.value.reason
    assert len(caught.value.reason) < 200


_parts = st.binary(min_size=1)


def test_what_stands_before_the_status_is_initial_metadata() -> None:
    frame = Response(_ID, "5f2c", (("a", "1"),), 5, "ошибка", (("a", "2"),), b"")
    names = [name for name, _ in encode_response(frame).headers]
    assert names == [":version", ":frame", ":to", "a", "grpc-status", "grpc-message", "a"]
    assert decode(*encode_response(frame)) == frame


@settings(deadline=None)
@given(_ids, st.from_regex(r"[0-9a-f]{1,16}", fullmatch=True), st.integers(0, 2**31), _parts)
def test_a_part_is_read_as_it_was_written(
    call_id: bytes, source: str, sequence: int, message: bytes
) -> None:
    frame = Part(call_id, source, sequence, message)
    assert decode(*encode_part(frame)) == frame


def test_an_end_says_how_many_parts_went_ahead() -> None:
    request = Request(_ID, "/a.B/C", _HOME, None, (), b"end", parts=3)
    assert decode(*encode_request(request)) == request
    response = Response(_ID, "5f2c", (), 0, "", (), b"end", parts=3, source="9a0e")
    assert decode(*encode_response(response)) == response


@pytest.mark.parametrize(
    ("headers", "value", "reason"),
    [
        ([(":source", b"9a0e"), (":sequence", b"0")], None, "without a part"),
        ([(":source", b"9a0e"), (":sequence", b"0")], b"", "without a part"),
        ([(":source", b""), (":sequence", b"0")], b"x", ":source"),
        ([(":source", b"9a0e"), (":sequence", b"one")], b"x", "no number"),
        ([(":source", b"9a0e")], b"x", ":sequence"),
    ],
)
def test_a_part_that_is_none_is_malformed(
    headers: list[tuple[str, bytes]], value: bytes | None, reason: str
) -> None:
    with pytest.raises(MalformedRecordError, match=reason):
        decode(_ID, [(":version", b"1"), (":frame", b"PART"), *headers], value)


_LEAD = [(":version", b"1")]
_RESPONSE = [*_LEAD, (":frame", b"RESPONSE"), (":to", b"9a0e")]
_REQUEST = [*_LEAD, (":frame", b"REQUEST"), (":path", b"/a.B/C"), (":reply-to", b"a.inbox/0/b")]


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ([*_RESPONSE, ("k", b"\xff"), ("grpc-status", b"0")], b"x"),
        ([*_RESPONSE, ("grpc-status", b"5")], b"a message beside an error"),
        ([*_RESPONSE, (":source", b"5f2c"), ("grpc-status", b"0")], b"no parts of this source"),
        ([*_RESPONSE, (":parts", b"1"), (":source", b"\xff"), ("grpc-status", b"0")], b"x"),
        ([*_RESPONSE, ("grpc-timeout", b"1"), ("grpc-status", b"0")], b"x"),
        ([*_REQUEST, (":arity", b"stream_stream")], b"a message of a stream"),
        ([*_REQUEST, ("grpc-timeout", b"1700000000000001")], b"x"),
        ([*_REQUEST, ("grpc-timeout", b"%d" % (2**53 + 1))], b"x"),
        ([*_REQUEST, ("grpc-timeout", b"%d" % (2**63 - 1))], b"x"),
    ],
)
def test_a_record_of_another_hand_reads_the_same_when_it_is_written_again(
    headers: list[tuple[str, bytes]], value: bytes
) -> None:
    frame = decode(_ID, headers, value)
    assert isinstance(frame, (Request, Response))
    again = encode_request(frame) if isinstance(frame, Request) else encode_response(frame)
    assert decode(*again) == frame


def test_a_deadline_past_all_calendars_is_none() -> None:
    headers = [*_REQUEST, ("grpc-timeout", b"%d" % (2**63 - 1))]
    frame = decode(_ID, headers, b"x")
    assert isinstance(frame, Request)
    assert frame.deadline is None
