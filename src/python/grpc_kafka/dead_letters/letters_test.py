from __future__ import annotations

from grpc_kafka._broker import Record
from grpc_kafka.dead_letters._letters import letters_in, original_record
from grpc_kafka.dead_letters._text import description_of, line_of
from grpc_kafka.protocol import (
    Address,
    Death,
    Encoded,
    Letter,
    Part,
    Request,
    done_with,
    encode_part,
    encode_request,
    letter_of,
)

_DEATH = Death("it is broken", "blue.a.B/3/17", 1_700_000_000)
_HOME = Address("blue.tests.inbox", 0, "me")
_KEY = bytes(range(16))
_CALL = Request(_KEY, "/a.B/Get", _HOME, 12.5, (("k", "v"), ("k-bin", b"\xff")), b"end")


def _at(offset: int, letter: Letter | Encoded, partition: int = 0) -> Record:
    return Record("blue.a.B.dead-letter", partition, offset, *letter)


def _letter(encoded: Encoded | Letter) -> Letter:
    return letter_of(encoded.key, encoded.headers, encoded.value, _DEATH)


_REQUEST = _letter(encode_request(_CALL))
_JUNK = _letter(Letter(None, [("k", None)], b"junk"))


def test_letters_are_all_that_are_not_done_with_in_any_order() -> None:
    records = [_at(number, _REQUEST) for number in range(4)]
    records += [_at(4, done_with(2)), _at(5, done_with(0)), _at(0, _JUNK, partition=1)]
    assert [each.place for each in letters_in(records)] == [(0, 1), (0, 3), (1, 0)]


def test_what_is_no_letter_is_not_among_them() -> None:
    assert letters_in([_at(0, encode_request(_CALL))]) == []


def test_the_parts_of_a_request_belong_to_it_and_those_of_a_former_sending_do_not() -> None:
    parts = [_letter(encode_part(Part(_KEY, "me", number, b"%d" % number))) for number in range(2)]
    end = _letter(encode_request(_CALL._replace(parts=2)))
    records = [_at(number, each) for number, each in enumerate([parts[0], *parts, end])]
    (letter,) = letters_in(records)
    assert (letter.place, letter.message, letter.method) == ((0, 3), b"01end", "/a.B/Get")
    assert letters_in([*records, _at(4, done_with(3))]) == []


def test_parts_without_their_request_are_letters_too() -> None:
    part = _letter(encode_part(Part(_KEY, "me", 0, b"0")))
    assert [each.place for each in letters_in([_at(0, part)])] == [(0, 0)]


def test_a_record_is_sent_as_it_was_with_another_deadline_or_none() -> None:
    key, headers, value = encode_request(_CALL)
    kept: list[tuple[str, bytes | None]] = []
    kept += [each for each in headers if each[0] != "grpc-timeout"]
    record = _at(0, _REQUEST)
    assert original_record(record) == Letter(key, kept, value)
    assert original_record(record, 99.0).headers == [*kept, ("grpc-timeout", b"99000000")]
    assert original_record(_at(0, _JUNK)) == Letter(None, [("k", None)], b"junk")


def test_a_letter_is_a_line_that_commands_no_terminal() -> None:
    nasty = _letter(encode_request(_CALL._replace(path="/a.B/\x1b[2J\t")))
    lines = [line_of(each) for each in letters_in([_at(7, nasty), _at(9, _JUNK, partition=1)])]
    assert lines == [
        f"0\t7\t2023-11-14T22:13:20Z\t/a.B/\\x1b[2J\\t\tit is broken\t{_KEY.hex()}",
        "1\t9\t2023-11-14T22:13:20Z\t-\tit is broken\t-",
    ]


def test_a_letter_is_described_with_its_metadata_and_its_request() -> None:
    request, junk = letters_in([_at(7, _REQUEST), _at(9, _JUNK, partition=1)])
    text = description_of(request, 'name: "x"\n')
    assert "partition 0, offset 7" in text
    assert "was at     blue.a.B/3/17" in text
    assert "    k: v\n    k-bin: ff\n" in text
    assert text.endswith('3 bytes\n    name: "x"')
    assert description_of(request, None).endswith("    65 6e 64")
    assert description_of(request, "").endswith("(all fields are empty)")
    assert "k: (no value)" in description_of(junk, None)
