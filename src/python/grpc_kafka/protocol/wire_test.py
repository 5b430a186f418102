import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc_kafka.protocol import (
    CALL_ID_LENGTH,
    Address,
    Cancel,
    Frame,
    MalformedRecordError,
    Metadata,
    Request,
    Response,
    decode,
    encode_cancel,
    encode_request,
    encode_response,
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
_addresses = st.builds(
    Address,
    st.from_regex(r"[a-zA-Z0-9._-]{1,20}", fullmatch=True),
    st.integers(0, 2**31 - 1),
    st.from_regex(r"[0-9a-f]{1,16}", fullmatch=True),
)
_requests = st.builds(
    Request,
    _ids,
    st.text(st.characters(codec="utf-8"), min_size=1),
    _addresses,
    st.none() | st.integers(0, 2**52).map(lambda microseconds: microseconds / 1_000_000),
    _metadata,
    st.binary(),
)
_responses = st.builds(
    Response,
    _ids,
    st.from_regex(r"[0-9a-f]{1,16}", fullmatch=True),
    _metadata,
    st.integers(0, 16),
    st.text(st.characters(codec="utf-8")),
    _metadata,
    st.binary(),
)


@given(_requests)
def test_a_request_is_read_as_it_was_written(frame: Request) -> None:
    read = decode(*encode_request(frame))
    assert isinstance(read, Request)
    assert read._replace(deadline=None) == frame._replace(deadline=None)
    if frame.deadline is None or read.deadline is None:
        assert read.deadline is frame.deadline
    else:
        assert read.deadline == pytest.approx(frame.deadline, abs=2e-6)


@given(_responses)
def test_a_response_is_read_as_it_was_written(frame: Response) -> None:
    expected = frame if frame.status == 0 else frame._replace(message=b"")
    assert decode(*encode_response(frame)) == expected


@given(_ids)
def test_a_cancel_is_read_as_it_was_written(call_id: bytes) -> None:
    assert decode(*encode_cancel(Cancel(call_id))) == Cancel(call_id)


@given(
    st.none() | st.binary(max_size=20),
    st.none()
    | st.lists(
        st.tuples(
            st.sampled_from(
                [":version", ":frame", ":path", ":reply-to", ":to", "grpc-status", "x", "k-bin"]
            )
            | st.text(max_size=5),
            st.none()
            | st.sampled_from([b"1", b"REQUEST", b"RESPONSE", b"CANCEL", b"PING", b"a/0/b", b"0"])
            | st.binary(max_size=8),
        ),
        max_size=7,
    ),
    st.none() | st.binary(max_size=8),
)
def test_any_record_is_a_frame_or_malformed(
    key: bytes | None, headers: list[tuple[str, bytes | None]] | None, value: bytes | None
) -> None:
    try:
        frame: Frame | None = decode(key, headers, value)
    except MalformedRecordError:
        frame = None
    assert frame is None or frame.call_id == key


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
        ({":frame": b"MESSAGE"}, "not known here"),
        ({":path": b""}, ":path"),
        ({":path": b"\xff"}, "UTF-8"),
        ({":path": None}, ":path"),
        ({":reply-to": b"nowhere"}, "no address"),
        ({":reply-to": b"blue.\0.inbox/0/i"}, "no address"),
        ({":reply-to": b"t" * 250 + b"/0/i"}, "no address"),
        ({":reply-to": b"t/99999999999/i"}, "cannot be"),
        ({":reply-to": b"t/4294967295/i"}, "cannot be"),
        ({"grpc-timeout": b"1S"}, "deadline"),
        ({"grpc-timeout": b"9" * 40}, "deadline"),
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


def test_what_stands_before_the_status_is_initial_metadata() -> None:
    frame = Response(_ID, "5f2c", (("a", "1"),), 5, "ошибка", (("a", "2"),), b"")
    names = [name for name, _ in encode_response(frame).headers]
    assert names == [":version", ":frame", ":to", "a", "grpc-status", "grpc-message", "a"]
    assert decode(*encode_response(frame)) == frame
