from collections import deque
from contextlib import suppress
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


_steps = st.lists(st.tuples(st.sampled_from(Role), st.sampled_from([*FrameKind, None])))


@given(_steps)
def test_two_ends_agree_on_the_end_however_their_frames_cross(
    steps: list[tuple[Role, FrameKind | None]],
) -> None:
    ends = {role: Call(role) for role in Role}
    under_way: dict[Role, deque[FrameKind]] = {role: deque() for role in Role}

    def deliver(to: Role) -> None:
        ends[to].receive(under_way[to].popleft())

    for role, kind in steps:
        if kind is None and under_way[role]:
            deliver(role)
        elif kind is not None:
            with suppress(UnexpectedFrameError):
                ends[role].send(kind)
                under_way[Role(1 - role)].append(kind)
    for role in Role:
        while under_way[role]:
            deliver(role)
    assert ends[Role.CLIENT].state is ends[Role.SERVER].state
