"""Messages that share a record."""

from __future__ import annotations

import pytest

from grpc_kafka.protocol import MalformedRecordError, Message, cut, decode, encode_stream

_ID = bytes(16)


@pytest.mark.parametrize("messages", [[b"a", b"bc"], [b"", b""], [b"", b"a", b""]])
def test_messages_that_share_a_record_are_read_apart(messages: list[bytes]) -> None:
    sent = Message(_ID, "to", 3, b"".join(messages), sizes=tuple(map(len, messages)))
    read = decode(*encode_stream(sent))
    assert read == sent
    assert isinstance(read, Message)
    assert list(cut(read.message, read.sizes)) == messages


def test_a_message_of_its_own_says_no_sizes() -> None:
    record = encode_stream(Message(_ID, "to", 3, b"abc"))
    assert [name for name, _ in record.headers] == [":version", ":frame", ":to", ":sequence"]


@pytest.mark.parametrize(
    "header",
    [
        (":sizes", b"\0\0\0"),
        (":sizes", b"\0\0\0\1\0\0\0\1"),
        (":sizes", b"\0\0\0\1\0\0\0\3"),
    ],
)
def test_sizes_that_are_not_those_of_the_messages_are_refused(header: tuple[str, bytes]) -> None:
    key, headers, value = encode_stream(Message(_ID, "to", 3, b"abc"))
    with pytest.raises(MalformedRecordError, match="sizes"):
        decode(key, [*headers, header], value)


def test_parts_do_not_share_a_record() -> None:
    key, headers, value = encode_stream(Message(_ID, "to", 3, b"abc", more=True))
    with pytest.raises(MalformedRecordError, match="sizes"):
        decode(key, [*headers, (":sizes", b"\0\0\0\1\0\0\0\2")], value)
