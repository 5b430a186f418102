from __future__ import annotations

from collections import deque
from typing import Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grpc_kafka.protocol import (
    MOST_CREDIT,
    MOVES,
    CreditExceededError,
    CreditOverflowError,
    FrameKind,
    MissingFrameError,
    Role,
    State,
    Stream,
    UnexpectedFrameError,
    cost_of,
)


def _ends(window: int = 1000) -> tuple[Stream, Stream]:
    """A client and a server with an open stream between them."""
    client, server = Stream(Role.CLIENT, window), Stream(Role.SERVER, window)
    client.begin()
    server.begin()
    client.receive(FrameKind.ACCEPT, server.send(FrameKind.ACCEPT))
    server.receive(FrameKind.WINDOW, client.send(FrameKind.WINDOW))
    client.credit = server.credit = window
    return client, server


def test_each_direction_is_numbered_from_0() -> None:
    client, server = _ends()
    assert [client.send(FrameKind.MESSAGE) for _ in range(3)] == [1, 2, 3]
    assert [server.send(FrameKind.MESSAGE) for _ in range(3)] == [1, 2, 3]


def test_a_repeated_frame_is_ignored() -> None:
    client, server = _ends()
    assert server.receive(FrameKind.MESSAGE, 1) is True
    assert server.receive(FrameKind.MESSAGE, 1) is False
    assert server.receive(FrameKind.WINDOW, 0) is False
    assert client.receive(FrameKind.ACCEPT, 0) is False
    assert server.receive(FrameKind.MESSAGE, 2) is True


def test_a_frame_behind_a_lost_one_is_an_error_that_names_both() -> None:
    _, server = _ends()
    with pytest.raises(MissingFrameError, match="frame 1 of the stream was lost") as caught:
        server.receive(FrameKind.MESSAGE, 3)
    assert (caught.value.expected, caught.value.number) == (1, 3)
    assert server.state is State.OPEN


def test_a_frame_that_is_not_allowed_is_no_move_and_does_not_count() -> None:
    client, server = _ends()
    with pytest.raises(UnexpectedFrameError):
        client.send(FrameKind.TRAILERS)
    assert client.send(FrameKind.MESSAGE) == 1
    with pytest.raises(UnexpectedFrameError):
        server.receive(FrameKind.TRAILERS, 1)
    assert server.receive(FrameKind.MESSAGE, 1) is True


def test_after_the_end_frames_of_any_number_are_stale() -> None:
    client, _ = _ends()
    client.cancel()
    for number in (0, 1, 9):
        assert client.receive(FrameKind.MESSAGE, number) is False
    assert client.state is State.CLOSED


def test_both_ends_begin_with_the_request() -> None:
    client, server = Stream(Role.CLIENT), Stream(Role.SERVER)
    client.begin()
    server.begin()
    server.begin()  # delivered again
    assert client.state is server.state is State.REQUESTED
    with pytest.raises(UnexpectedFrameError):
        client.begin()


def test_a_stream_that_nobody_accepts_is_over_at_both_ends() -> None:
    client, server = Stream(Role.CLIENT), Stream(Role.SERVER)
    for end in (client, server):
        end.begin()
        end.refused()
        assert end.state is State.CLOSED
    client.refused()  # a second answer is stale
    with pytest.raises(UnexpectedFrameError):
        server.refused()


def test_a_stream_that_was_accepted_is_not_refused() -> None:
    for end in _ends():
        with pytest.raises(UnexpectedFrameError):
            end.refused()
        assert end.state is State.OPEN


def test_a_cancellation_overtakes_frames_and_ends_both_ends() -> None:
    client, server = _ends()
    number = client.send(FrameKind.MESSAGE)
    client.cancel()
    server.cancel()
    assert client.state is server.state is State.CLOSED
    assert server.receive(FrameKind.MESSAGE, number) is False
    server.cancel()  # delivered again
    with pytest.raises(UnexpectedFrameError):
        client.cancel()


def test_a_message_takes_its_bytes_of_credit_and_one_without_bytes_takes_some() -> None:
    client, _ = _ends(window=1000)
    client.spend(b"m" * 100)
    assert client.credit == 1000 - cost_of(b"m" * 100)
    assert cost_of(b"m" * 100) - cost_of(b"") == 100
    assert cost_of(b"") > 0


def test_credit_is_granted_when_half_the_window_was_taken() -> None:
    _, server = _ends(window=10 * cost_of(b""))
    assert [server.take(b"") for _ in range(4)] == [0] * 4
    assert server.take(b"") == 5 * cost_of(b"")
    assert [server.take(b"") for _ in range(4)] == [0] * 4
    assert server.take(b"") == 5 * cost_of(b"")


def test_a_message_larger_than_the_window_passes_and_is_paid_back() -> None:
    client, server = _ends(window=1000)
    large = bytes(50_000)
    client.spend(large)
    assert client.credit < 0
    client.credit += server.take(large)
    assert client.credit == 1000


def test_a_message_without_credit_is_an_error_and_one_larger_than_the_window_is_none() -> None:
    _, server = _ends(window=1000)
    server.admit(50_000)
    with pytest.raises(CreditExceededError, match="more messages than it had credit for"):
        server.admit(0)


def test_what_is_granted_may_be_sent() -> None:
    _, server = _ends(window=2 * cost_of(b""))
    server.admit(0)
    server.admit(0)
    with pytest.raises(CreditExceededError):
        server.admit(0)
    assert server.take(b"")
    server.admit(0)
    with pytest.raises(CreditExceededError):
        server.admit(0)


@pytest.mark.parametrize("credit", [MOST_CREDIT, 2**63])
def test_more_credit_than_there_can_be_is_an_error_and_counts_for_nothing(credit: int) -> None:
    client, _ = _ends(window=1000)
    with pytest.raises(CreditOverflowError) as caught:
        client.grant(credit)
    assert caught.value.credit == credit + 1000
    assert client.credit == 1000
    client.grant(MOST_CREDIT - 1000)
    assert client.credit == MOST_CREDIT


@settings(deadline=None)
@given(st.integers(1, 1000), st.lists(st.binary(max_size=1500)))
def test_a_window_never_stands_still(window: int, messages: list[bytes]) -> None:
    client, server = _ends(window)
    waiting, under_way = deque(messages), deque[bytes]()
    while waiting:
        assert client.credit > 0, "all was taken, and still nothing may be sent"
        while waiting and client.credit > 0:
            client.spend(waiting[0])
            under_way.append(waiting.popleft())
        while under_way:
            client.credit += server.take(under_way.popleft())
    assert client.credit <= window


# Two ends against each other, on ways that keep the order but repeat and lose frames.


class _Frame(NamedTuple):
    kind: FrameKind
    number: int
    message: bytes = b""
    credit: int = 0


class _End:
    """An end as an edge runs it."""

    def __init__(self, role: Role, window: int) -> None:
        self.role = role
        self.stream = Stream(role, window)
        self.to_it: deque[_Frame] = deque()
        self.lost = False
        self.said: list[bytes] = []
        self.heard: list[bytes] = []
        self.waiting: deque[bytes] = deque()
        self.peer = self

    def say(self, kind: FrameKind, message: bytes = b"", credit: int = 0) -> None:
        if (self.stream.state, self.role, kind) not in MOVES:
            return
        number = -1
        match kind:
            case FrameKind.REQUEST:
                self.stream.begin()
            case FrameKind.RESPONSE:
                self.stream.refused()
            case FrameKind.CANCEL:
                self.stream.cancel()
            case _:
                number = self.stream.send(kind)
        self.peer.to_it.append(_Frame(kind, number, message, credit))

    def say_one_of(self, kinds: list[FrameKind], choice: int) -> None:
        allowed = [kind for kind in kinds if (self.stream.state, self.role, kind) in MOVES]
        if allowed:
            kind = allowed[choice % len(allowed)]
            opens = kind is FrameKind.ACCEPT or self.stream.state is State.ACCEPTED
            self.say(kind, credit=self.stream.window if opens else 0)

    def write(self, size: int) -> None:
        if self.stream.credit > 0 and (self.stream.state, self.role, FrameKind.MESSAGE) in MOVES:
            message = b"%d" % len(self.said) + bytes(size)
            self.said.append(message)
            self.say(FrameKind.MESSAGE, message)
            self.stream.spend(message)

    def take(self) -> None:
        if self.waiting:
            message = self.waiting.popleft()
            grant = self.stream.take(message)
            if grant:
                self.say(FrameKind.WINDOW, credit=grant)

    def hear(self) -> None:
        frame = self.to_it.popleft()
        try:
            news = self._receive(frame)
        except MissingFrameError:
            assert self.lost
            self.say(FrameKind.CANCEL)
            self.say(FrameKind.TRAILERS)
            return
        if news:
            self.stream.grant(frame.credit)
            if frame.kind is FrameKind.MESSAGE:
                # Whoever sends no more than it has credit for is never refused.
                self.stream.admit(len(frame.message))
                self.heard.append(frame.message)
                self.waiting.append(frame.message)

    def _receive(self, frame: _Frame) -> bool:
        match frame.kind:
            case FrameKind.REQUEST:
                self.stream.begin()
            case FrameKind.RESPONSE:
                self.stream.refused()
            case FrameKind.CANCEL:
                self.stream.cancel()
            case _:
                return self.stream.receive(frame.kind, frame.number)
        return False

    def befall(self, event: _Event, choice: int) -> None:
        match event:
            case "open":
                self.say_one_of(_OPENING, choice)
            case "end":
                self.say_one_of(_ENDING, choice)
            case "write":
                self.write(choice)
            case "take":
                self.take()
            case _ if self.to_it:
                self.arrive(event)

    def arrive(self, event: _Event) -> None:
        queued = any(frame.kind is FrameKind.REQUEST for frame in self.to_it)
        if event == "hear":
            self.hear()
        elif event == "repeat":
            self.to_it.append(self.to_it[0])
        elif event == "overtake" and self.to_it[-1].kind is FrameKind.CANCEL and not queued:
            self.to_it.appendleft(self.to_it.pop())
        elif event == "lose" and not queued:  # its sender would know that a REQUEST is lost
            self.to_it.popleft()
            self.lost = True


type _Event = Literal["open", "write", "end", "take", "hear", "repeat", "overtake", "lose"]
type _Steps = list[tuple[Role, _Event, int]]

_OPENING = [FrameKind.REQUEST, FrameKind.ACCEPT, FrameKind.WINDOW, FrameKind.HEADERS]
_ENDING = [FrameKind.RESPONSE, FrameKind.CANCEL, FrameKind.HALF_CLOSE, FrameKind.TRAILERS]
# As often as it takes for most streams to open and to carry messages before they end.
_OFTEN: list[_Event] = ["open", "open", "hear", "hear", "hear", "write", "write", "take", "repeat"]
_ORDERLY: list[_Event] = [*_OFTEN * 8, "overtake", "end"]


def _steps(events: list[_Event]) -> st.SearchStrategy[_Steps]:
    step = st.tuples(st.sampled_from(Role), st.sampled_from(events), st.integers(0, 300))
    return st.lists(step, min_size=50, max_size=120)


def _play(steps: _Steps, window: int) -> tuple[_End, _End]:
    client, server = _End(Role.CLIENT, window), _End(Role.SERVER, window)
    client.peer, server.peer = server, client
    ends = {Role.CLIENT: client, Role.SERVER: server}
    for role, event, choice in steps:
        ends[role].befall(event, choice)
    return client, server


def _hear_all(*ends: _End) -> None:
    while any(end.to_it for end in ends):
        for end in ends:
            while end.to_it:
                end.hear()


_windows = st.integers(1, 1000)


@settings(deadline=None)
@given(_steps(_ORDERLY), _windows)
def test_without_loss_both_ends_hear_everything_and_close(steps: _Steps, window: int) -> None:
    client, server = _play(steps, window)
    client_was_over = client.stream.state is State.CLOSED
    server_was_over = server.stream.state is State.CLOSED
    for end, kind in [
        (client, FrameKind.REQUEST),
        (server, FrameKind.ACCEPT),
        (client, FrameKind.HALF_CLOSE),
        (server, FrameKind.TRAILERS),
    ]:
        _hear_all(client, server)
        end.say(kind)
    _hear_all(client, server)
    assert client.stream.state is server.stream.state is State.CLOSED
    assert server.heard == client.said[: len(server.heard)]
    assert client.heard == server.said[: len(client.heard)]
    if not client_was_over:
        assert client.heard == server.said
        if not server_was_over:
            assert server.heard == client.said


@settings(deadline=None)
@given(_steps([*_ORDERLY, "lose", "lose"]), _windows)
def test_with_loss_what_is_heard_is_still_what_was_said_in_its_order(
    steps: _Steps, window: int
) -> None:
    client, server = _play(steps, window)
    _hear_all(client, server)
    assert server.heard == client.said[: len(server.heard)]
    assert client.heard == server.said[: len(client.heard)]
    if not (client.lost or server.lost):
        assert client.stream.state is server.stream.state
