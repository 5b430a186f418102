from collections import deque
from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc_kafka.protocol import MOVES, Call, FrameKind, Role, State, UnexpectedFrameError

_EVERYTHING = list(product(Role, State, FrameKind))
_SENDERS = {
    FrameKind.PART: {Role.CLIENT, Role.SERVER},
    FrameKind.REQUEST: {Role.CLIENT},
    FrameKind.RESPONSE: {Role.SERVER},
    FrameKind.RESPONSES: set(),
    FrameKind.CANCEL: {Role.CLIENT},
    FrameKind.ACCEPT: {Role.SERVER},
    FrameKind.HEADERS: {Role.SERVER},
    FrameKind.MESSAGE: {Role.CLIENT, Role.SERVER},
    FrameKind.HALF_CLOSE: {Role.CLIENT},
    FrameKind.WINDOW: {Role.CLIENT, Role.SERVER},
    FrameKind.TRAILERS: {Role.SERVER},
    FrameKind.PING: set(),
}


def _call(role: Role, state: State) -> Call:
    call = Call(role)
    call.state = state
    return call


def _other(role: Role) -> Role:
    return Role(1 - role)


@pytest.mark.parametrize(("role", "state", "kind"), _EVERYTHING, ids=lambda value: value.name)
def test_a_call_receives_what_the_table_allows_and_nothing_else(
    role: Role, state: State, kind: FrameKind
) -> None:
    call = _call(role, state)
    from_the_other_end = _other(role) in _SENDERS[kind]
    repeated = kind is FrameKind.REQUEST and state is not State.IDLE
    if (state, _other(role), kind) in MOVES:
        assert call.receive(kind) is True
        assert call.state is MOVES[state, _other(role), kind]
    elif from_the_other_end and (repeated or state is State.CLOSED):
        assert call.receive(kind) is False
        assert call.state is state
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
    if (state, role, kind) in MOVES:
        call.send(kind)
        assert call.state is MOVES[state, role, kind]
    else:
        with pytest.raises(UnexpectedFrameError) as caught:
            call.send(kind)
        assert (caught.value.state, caught.value.kind) == (state, kind)
        assert call.state is state


@pytest.mark.parametrize("kind", FrameKind)
def test_a_kind_is_sent_by_the_ends_that_it_is_for(kind: FrameKind) -> None:
    assert {sender for _, sender, found in MOVES if found is kind} == _SENDERS[kind]


def test_a_call_moves_on_and_never_back() -> None:
    assert all(target >= state for (state, _, _), target in MOVES.items())
    assert {state for state, _, _ in MOVES} == set(State) - {State.CLOSED}


@settings(deadline=None)
@given(st.lists(st.sampled_from(FrameKind)))
def test_a_client_hears_one_end_whatever_comes(kinds: list[FrameKind]) -> None:
    call = Call(Role.CLIENT)
    call.send(FrameKind.REQUEST)
    ends = 0
    for kind in kinds:
        over = call.state is State.CLOSED
        with suppress(UnexpectedFrameError):
            news = call.receive(kind)
            assert not (over and news)
            ends += news and kind in {FrameKind.RESPONSE, FrameKind.TRAILERS}
    assert ends == (call.state is State.CLOSED)


_steps = st.lists(st.tuples(st.sampled_from(Role), st.none() | st.integers(0, 5)))


@settings(deadline=None)
@given(_steps)
def test_two_ends_agree_on_the_state_however_their_frames_cross(
    steps: list[tuple[Role, int | None]],
) -> None:
    ends = {role: Call(role) for role in Role}
    under_way: dict[Role, deque[FrameKind]] = {role: deque() for role in Role}

    def deliver(to: Role) -> None:
        ends[to].receive(under_way[to].popleft())

    for role, choice in steps:
        allowed = [kind for kind in FrameKind if (ends[role].state, role, kind) in MOVES]
        if choice is None and under_way[role]:
            deliver(role)
        elif choice is not None and allowed:
            kind = allowed[choice % len(allowed)]
            ends[role].send(kind)
            under_way[_other(role)].append(kind)
    for role in Role:
        while under_way[role]:
            deliver(role)
    assert ends[Role.CLIENT].state is ends[Role.SERVER].state
