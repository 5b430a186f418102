import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc_kafka.protocol import Collected, Joiner, parts_of


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40)), st.integers(1, 50))
def test_what_was_cut_is_joined_to_the_same_messages(messages: list[bytes], size: int) -> None:
    joiner = Joiner()
    joined = [joiner.add(*part) for message in messages for part in parts_of(message, size)]
    assert [message for message in joined if message is not None] == messages
    assert joiner.size == 0


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(1, 50))
def test_all_parts_but_the_last_are_full_and_say_that_more_follow(
    message: bytes, size: int
) -> None:
    *full, (last, more) = parts_of(message, size)
    assert all(len(part) == size and more for part, more in full)
    assert len(last) <= size
    assert not more
    assert len(last) > 0 or not message


@pytest.mark.parametrize("message", [b"", b"small", bytes(512 * 1024)], ids=len)
def test_a_message_that_fits_a_record_is_not_copied(message: bytes) -> None:
    ((part, more),) = parts_of(message)
    assert part is message
    assert Joiner().add(part, more) is message


def test_a_joiner_knows_how_much_of_a_message_came() -> None:
    joiner = Joiner()
    assert joiner.add(b"abc", True) is None
    assert joiner.add(b"de", True) is None
    assert joiner.size == 5
    assert joiner.add(b"f", False) == b"abcdef"
    assert joiner.size == 0


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(1, 50), st.integers(0, 60))
def test_parts_that_went_ahead_join_their_end_or_are_counted(
    message: bytes, size: int, limit: int
) -> None:
    collected = Collected(limit)
    *ahead, (end, _) = parts_of(message, size)
    for sequence, (part, _) in enumerate(ahead):
        collected.add(sequence, part)
    assert collected.is_whole(len(ahead))
    assert collected.size + len(end) == len(message)
    if collected.size <= limit:
        assert collected.join(end) == message


def test_parts_that_are_sent_again_begin_anew() -> None:
    collected = Collected(None)
    collected.add(0, b"lost ")
    collected.add(0, b"found ")
    collected.add(1, b"and ")
    assert collected.is_whole(2)
    assert collected.join(b"kept") == b"found and kept"


def test_a_part_behind_a_missing_one_is_not_taken_for_it() -> None:
    collected = Collected(None)
    collected.add(1, b"second")
    assert not collected.is_whole(1)
    collected.add(0, b"first")
    collected.add(2, b"third")
    assert not collected.is_whole(3)


def test_parts_past_the_limit_take_no_memory() -> None:
    collected = Collected(10)
    for sequence in range(100):
        collected.add(sequence, b"12345")
    assert (collected.size, collected.kept) == (500, 0)
    assert collected.join(b"") == b""
