"""A call and a stream take any frames in any order: they move, or say why not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc_kafka.protocol import (
    MOST_CREDIT,
    Call,
    Collected,
    FrameKind,
    Joiner,
    ProtocolError,
    Role,
    State,
    Stream,
)
from tests.fuzz.timed import LONGEST, play

_sizes = st.integers(0, 3000)
_large = st.one_of(_sizes, st.sampled_from([2**31 - 1, 2**31, 2**63 - 1]))
_kinds = st.sampled_from(FrameKind)
_acts = st.one_of(
    st.tuples(st.sampled_from(["receive", "send"]), _kinds, st.integers(0, 6)),
    st.tuples(st.sampled_from(["begin", "cancel", "refused"])),
    st.tuples(st.just("receive"), _kinds, _large),
    st.tuples(st.just("grant"), _large),
    st.tuples(st.just("admit"), _sizes),
    st.tuples(st.just("take"), _sizes),
)


@pytest.mark.timeout(LONGEST + 60)
def test_a_stream_stays_within_its_bounds_whatever_comes() -> None:
    @given(st.sampled_from(Role), st.integers(1, 1000), st.lists(_acts, max_size=60))
    def property_(role: Role, window: int, acts: list[tuple[object, ...]]) -> None:
        stream = Stream(role, window)
        admitted = taken = 0
        for act in acts:
            before = stream.state
            try:
                _do(stream, act)
            except ProtocolError as error:
                assert stream.state is before
                assert len(str(error)) < 300  # noqa: PT017 - to move is right as well
                continue
            if act[0] == "admit":
                admitted += int(str(act[1])) + 64
            elif act[0] == "take":
                taken += int(str(act[1])) + 64
            assert before is not State.CLOSED or stream.state is State.CLOSED
            assert stream.credit <= MOST_CREDIT
            # What is not taken yet is no more than the window and one message.
            assert admitted - taken < window + 3000 + 64

    play(property_)


@pytest.mark.timeout(LONGEST + 60)
def test_a_call_moves_or_says_why_not() -> None:
    @given(st.sampled_from(Role), st.lists(st.tuples(st.booleans(), _kinds), max_size=40))
    def property_(role: Role, moves: list[tuple[bool, FrameKind]]) -> None:
        call = Call(role)
        for sends, kind in moves:
            before = call.state
            try:
                if sends:
                    call.send(kind)
                else:
                    call.receive(kind)
            except ProtocolError:
                assert call.state is before
            assert before is not State.CLOSED or call.state is State.CLOSED

    play(property_)


@pytest.mark.timeout(LONGEST + 60)
def test_parts_take_no_more_memory_than_their_limit() -> None:
    @given(st.integers(0, 100), st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=20))))
    def property_(limit: int, parts: list[tuple[int, bytes]]) -> None:
        collected, joiner = Collected(limit), Joiner()
        for sequence, part in parts:
            collected.add(sequence, part)
            assert len(collected.join(b"")) <= limit
            whole = joiner.add(part, more=sequence > 0)
            assert (whole is None) == (sequence > 0)
        collected.is_whole(len(parts))

    play(property_)


def _do(stream: Stream, act: tuple[object, ...]) -> None:
    match act:
        case ("receive", FrameKind() as kind, int() as number):
            stream.receive(kind, number)
        case ("send", FrameKind() as kind, _):
            stream.send(kind)
        case (str() as name,):
            {"begin": stream.begin, "cancel": stream.cancel, "refused": stream.refused}[name]()
        case ("grant", int() as credit):
            stream.grant(credit)
        case ("admit", int() as size):
            stream.admit(size)
        case (_, int() as size):
            stream.take(bytes(size))
