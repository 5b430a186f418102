import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc_kafka.protocol import (
    CALL_ID_LENGTH,
    Accept,
    Address,
    Encoded,
    HalfClose,
    Headers,
    InitialMetadata,
    MalformedRecordError,
    Message,
    Metadata,
    Ping,
    StreamFrame,
    Trailers,
    Window,
    decode,
    encode_ping,
    encode_stream,
    kind_of,
)

_ID = bytes(range(CALL_ID_LENGTH))
_HOME = Address("blue.account.inbox", 3, "5f2c")
_METADATA: Metadata = (("k", "v"), ("k-bin", b"\x00\xff"), ("k", ""))

_ids = st.binary(min_size=CALL_ID_LENGTH, max_size=CALL_ID_LENGTH)
_instances = st.from_regex(r"[a-zA-Z0-9._-]{1,64}", fullmatch=True)
_numbers = st.integers(0, 2**63 - 1)
_homes = st.builds(Address, st.just("blue.account.inbox"), st.integers(0, 99), _instances)
_metadata = st.lists(st.sampled_from(_METADATA)).map(tuple)
_common = (_ids, _instances, _numbers)
_frames: st.SearchStrategy[StreamFrame] = st.one_of(
    st.builds(Accept, *_common, _homes, _numbers),
    st.builds(InitialMetadata, *_common, _metadata),
    st.builds(Message, *_common, st.binary(), st.just(False), st.just(())),
    st.builds(Message, *_common, st.binary(min_size=1), st.just(True), st.just(())),
    st.builds(HalfClose, *_common, _numbers),
    st.builds(Window, *_common, _numbers),
    st.builds(
        Trailers,
        *_common,
        _instances,
        st.integers(0, 16),
        st.text(st.characters(codec="utf-8")),
        _metadata,
    ),
)

_PING = Ping(_ID, "9a0e", _HOME)
_ONE_OF_EACH: list[StreamFrame | Ping] = [
    Accept(_ID, "9a0e", 0, _HOME, 1000),
    InitialMetadata(_ID, "9a0e", 1, _METADATA),
    Message(_ID, "9a0e", 2, b"message"),
    Message(_ID, "9a0e", 3, b"part", more=True),
    HalfClose(_ID, "9a0e", 4, 10),
    Window(_ID, "9a0e", 5, 20),
    Trailers(_ID, "9a0e", 6, "5f2c", 5, "ошибка", _METADATA),
    _PING,
]


def _encode(frame: StreamFrame | Ping) -> Encoded:
    return encode_ping(frame) if isinstance(frame, Ping) else encode_stream(frame)


def _changed(headers: Headers, name: str, raw: bytes | None) -> Headers:
    return [(found, raw if found == name else given) for found, given in headers]


def _without(headers: Headers, name: str) -> Headers:
    return [(found, given) for found, given in headers if found != name]


@settings(deadline=None)
@given(_frames)
def test_a_frame_of_a_stream_is_read_as_it_was_written(frame: StreamFrame) -> None:
    assert decode(*encode_stream(frame)) == frame


@settings(deadline=None)
@given(st.builds(Ping, _ids, _instances, _homes))
def test_a_ping_is_read_as_it_was_written(frame: Ping) -> None:
    assert decode(*encode_ping(frame)) == frame


def test_the_headers_of_a_stream_stand_in_one_order() -> None:
    names = [[name for name, _ in _encode(frame).headers[2:]] for frame in _ONE_OF_EACH]
    assert names == [
        [":to", ":sequence", ":reply-to", ":credit"],
        [":to", ":sequence", "k", "k-bin", "k"],
        [":to", ":sequence"],
        [":to", ":sequence", ":more"],
        [":to", ":sequence", ":credit"],
        [":to", ":sequence", ":credit"],
        [":to", ":sequence", ":source", "grpc-status", "grpc-message", "k", "k-bin", "k"],
        [":to", ":reply-to"],
    ]


def test_a_record_names_the_kind_of_its_frame() -> None:
    for frame in _ONE_OF_EACH:
        assert _encode(frame).headers[1] == (":frame", kind_of(frame).encode())


def test_only_messages_have_a_value() -> None:
    for frame in _ONE_OF_EACH:
        assert _encode(frame).value == (frame.message if isinstance(frame, Message) else None)


def test_a_message_of_no_bytes_is_a_message_and_none_is_malformed() -> None:
    frame = Message(_ID, "9a0e", 0, b"")
    key, headers, value = encode_stream(frame)
    assert value == b""
    assert decode(key, headers, value) == frame
    with pytest.raises(MalformedRecordError, match="without a message"):
        decode(key, headers, None)


_BROKEN: dict[str, list[bytes | None]] = {
    ":to": [None, b"", b"\xff", b"\xff" * 500_000],
    ":sequence": [None, b"", b"-1", b"+1", b"1.0", b"\xd9\xa1", b"9" * 500_000],
    ":credit": [None, b"", b"-1", b"x", b"x" * 500_000],
    ":more": [None],
    ":reply-to": [None, b"", b"nowhere", b"t/x/i", b"\xff/0/i", b"x" * 500_000],
    "grpc-status": [None, b"", b"17", b"00", b"OK", b"1" * 500_000],
    "grpc-message": [None],
    "k": [None],
    "k-bin": [None],
}
_BROKEN_FRAMES = [
    pytest.param(frame, name, raw, id=f"{type(frame).__name__}-{name}-{place}")
    for frame in _ONE_OF_EACH
    for name in dict(_encode(frame).headers)
    for place, raw in enumerate(_BROKEN.get(name, []))
]


@pytest.mark.parametrize(("frame", "name", "raw"), _BROKEN_FRAMES)
def test_a_frame_with_a_broken_header_is_malformed_for_a_short_reason(
    frame: StreamFrame | Ping, name: str, raw: bytes | None
) -> None:
    key, headers, value = _encode(frame)
    with pytest.raises(MalformedRecordError) as caught:
        decode(key, _changed(headers, name, raw), value)
    assert len(caught.value.reason) < 200


_OPTIONAL = {":more", "grpc-message", "k", "k-bin"}


@pytest.mark.parametrize("frame", _ONE_OF_EACH, ids=lambda frame: type(frame).__name__)
def test_a_frame_is_malformed_without_a_header_that_it_must_have(frame: StreamFrame | Ping) -> None:
    key, headers, value = _encode(frame)
    for name in dict(headers).keys() - _OPTIONAL:
        with pytest.raises(MalformedRecordError) as caught:
            decode(key, _without(headers, name), value)
        assert len(caught.value.reason) < 200


@pytest.mark.parametrize("frame", _ONE_OF_EACH, ids=lambda frame: type(frame).__name__)
def test_steering_headers_of_a_later_time_are_ignored(frame: StreamFrame | Ping) -> None:
    key, headers, value = _encode(frame)
    later = [*headers[:4], (":later", b"\xff"), *headers[4:], (":sooner", b"")]
    assert decode(key, later, value) == frame


def test_metadata_cannot_speak_for_the_protocol() -> None:
    frame = Trailers(_ID, "9a0e", 0, "5f2c", 5, "not found", (("k", "v"),))
    key, headers, value = encode_stream(frame)
    again = [*headers, ("grpc-status", b"0"), ("grpc-message", b"x"), ("grpc-timeout", b"1")]
    assert decode(key, again, value) == frame


@pytest.mark.parametrize("source", [b"\xff", "é".encode()])
def test_trailers_of_another_hand_read_the_same_when_they_are_written_again(source: bytes) -> None:
    key, headers, value = encode_stream(Trailers(_ID, "9a0e", 6, "5f2c", 5, "", ()))
    frame = decode(key, _changed(headers, ":source", source), value)
    assert isinstance(frame, Trailers)
    assert decode(*encode_stream(frame)) == frame


def test_a_part_of_a_message_has_bytes() -> None:
    record = encode_stream(Message(_ID, "9a0e", 2, b"", more=True))
    with pytest.raises(MalformedRecordError, match="without bytes"):
        decode(*record)


def test_the_address_of_a_run_is_told_from_others_and_leads_to_its_process() -> None:
    run = _HOME.of_run(17)
    assert str(run) == "blue.account.inbox/3/5f2c.17"
    assert Address.parse(str(run)) == run
    assert run.process == _HOME == _HOME.process
