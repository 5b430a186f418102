from __future__ import annotations

from grpc_kafka.protocol import (
    Death,
    Letter,
    death_of,
    done_of,
    done_with,
    letter_of,
    original_of,
)

_DEATH = Death("it is broken", "blue.a.B/3/17", 1_700_000_000.25)
_HEADERS = [(":version", b"1"), ("k", None), ("k", b"\xff")]


def test_a_letter_is_its_record_and_what_is_said_of_it() -> None:
    letter = letter_of(b"key", _HEADERS, b"value", _DEATH)
    assert (letter.key, letter.value) == (b"key", b"value")
    assert original_of(letter.headers) == _HEADERS
    assert death_of(letter.headers) == _DEATH


def test_a_record_without_anything_has_a_letter_too() -> None:
    letter = letter_of(None, None, None, _DEATH)
    assert letter[::2] == (None, None)
    assert original_of(letter.headers) == []
    assert death_of(letter.headers) == _DEATH


def test_a_letter_that_died_again_says_the_last_death_alone() -> None:
    first = letter_of(b"key", _HEADERS, b"value", _DEATH)
    again = _DEATH._replace(reason="x" * 5000)
    second = letter_of(*first, again)
    assert len(second.headers) == len(first.headers)
    assert death_of(second.headers) == again._replace(reason="x" * 1000)


def test_what_is_no_letter_says_nothing_of_a_death() -> None:
    assert death_of(None) is None
    assert death_of([(":dead-at", b"soon"), (":dead-source", b"t/0/1")]) is None
    assert death_of([(":dead-at", b"1")]) is None
    assert death_of([(":dead-at", b"1"), (":dead-source", b"t/0/1")]) == Death("", "t/0/1", 1e-6)


def test_a_letter_is_done_with_by_its_offset() -> None:
    assert done_with(7) == Letter(None, [(":dead-done", b"7")], None)
    assert done_of(done_with(7).headers) == 7
    assert done_of([(":dead-done", b"seven")]) is None
    assert done_of(None) is None
