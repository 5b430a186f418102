from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc_kafka.protocol import MOVES, SENDERS, Call, FrameKind, Role, State, UnexpectedFrameError

_EVERYTHING = list(product(Role, State, FrameKind))


def _call(role: Role, state: State) -> Call:
    call = Call(role)
    call.state = state
    return call


@pytest.mark.parametrize(("role", "state", "kind"), _EVERYTHING, ids=lambda value: value.name)
def test_a_call_receives_what_the_table_allows_and_nothing_else(
    role: Role, state: State, kind: FrameKind
) -> None:
    call = _call(role, state)
    from_the_other_end = kind in SENDERS and SENDERS[kind] != role
    if from_the_other_end and state is State.CLOSED:
        assert call.receive(kind) is False
        assert call.state is State.CLOSED
    elif from_the_other_end and (state, kind) in MOVES:
        assert call.receive(kind) is (MOVES[state, kind] != state)
        assert call.state is MOVES[state, kind]
    else:
        with pytest.raises(UnexpectedFrameError) as caught:
            call.receive(kind)
        assert (caught.value.state, caught.value.kind) == (state, kind)
        assert call.state is state


@pytest.mark.parametrize(("role", "state", "kind"), _EVERYTHING, ids=lambda value: value.name)
def test_a_call_sends_what_the_table_allows_and_nothing_else(
    role: Role, state: State, kind: FrameKind
) -> None:
    call = _call(role, state)
    target = MOVES.get((state, kind), state)
    if target != state and SENDERS[kind] == role:
        call.send(kind)
        assert call.state is target
    else:
        with pytest.raises(UnexpectedFrameError):
            call.send(kind)
        assert call.state is state


def test_the_kinds_of_streams_are_no_part_of_a_unary_call() -> None:
    unary = {FrameKind.REQUEST, FrameKind.RESPONSE, FrameKind.CANCEL}
    assert {kind for _, kind in MOVES} == unary == set(SENDERS)


@given(st.lists(st.sampled_from(FrameKind)))
def test_a_client_takes_one_answer_whatever_comes(kinds: list[FrameKind]) -> None:
    call = Call(Role.CLIENT)
    call.send(FrameKind.REQUEST)
    news = 0
    for kind in kinds:
        try:
            news += call.receive(kind)
        except UnexpectedFrameError:
            continue
    assert news == min(1, kinds.count(FrameKind.RESPONSE))


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(FrameKind)), max_size=12))
def test_two_ends_agree_on_the_end_once_all_frames_arrived(
    steps: list[tuple[bool, FrameKind]],
) -> None:
    ends = {Role.CLIENT: Call(Role.CLIENT), Role.SERVER: Call(Role.SERVER)}
    for by_client, kind in steps:
        sender = ends[Role.CLIENT if by_client else Role.SERVER]
        receiver = ends[Role.SERVER if by_client else Role.CLIENT]
        try:
            sender.send(kind)
        except UnexpectedFrameError:
            continue
        receiver.receive(kind)
    assert ends[Role.CLIENT].state is ends[Role.SERVER].state
