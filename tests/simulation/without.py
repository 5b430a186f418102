# ruff: noqa: ANN401 - what stands in for methods of many classes takes what they take
"""What stands in the place of a safeguard that was taken out; `safeguards` says which is which."""

from __future__ import annotations

import asyncio
from typing import Any

from grpc_kafka._kafka._joining import Crate
from grpc_kafka.aio import _insisting
from grpc_kafka.aio._answers import Answers
from grpc_kafka.aio._connection import Connection
from grpc_kafka.aio._dispatcher import Dispatcher
from grpc_kafka.aio._peers import Peers
from grpc_kafka.aio._rpc import Rpc
from grpc_kafka.aio._server_stream import ServerStream
from grpc_kafka.aio._stream_call import KafkaStreamCall
from grpc_kafka.aio._streaming import Streaming
from grpc_kafka.protocol import (
    Accept,
    Cancel,
    FrameKind,
    Response,
    Responses,
    Trailers,
    decode,
)
from tests.simulation.seams import swapped


def nothing(*_: object) -> None:
    """What is done where a safeguard is gone."""


def commit_first(self: Any, rpc: Rpc, answer: object, pause: float) -> None:
    """Commit a request before its answer is sent."""
    rpc.settle()
    send_answer(self, rpc, answer, pause)


send_answer: Any = Answers._send


def finish_any(self: Any, offset: int) -> int | None:
    """Commit past what is finished, whatever stands before it."""
    self._unfinished.pop(offset, None)
    return offset + 1


def take_any_instance(self: Any, call: Any, record: Any) -> None:
    """Take answers that are for another process."""
    frame = decode(record.key, record.headers, record.value)
    if call is not None and isinstance(frame, Response):
        self._give(call, frame)
    elif isinstance(frame, Responses):
        self._share_out(frame)
    else:
        take_frame(self, call, record)


take_frame: Any = Connection._take


async def accept_unconfirmed(self: Any) -> None:
    """Wait for nobody's confirmation."""
    self._confirmed.cancel()
    self._confirmed = asyncio.get_running_loop().create_future()
    self._confirmed.set_result(None)
    await accept(self)


accept: Any = ServerStream.accept


def request_unknown(self: Any, whole: Any) -> None:
    """Remember nothing that was delivered before."""
    self._known.pop(whole.request.call_id, None)
    self._backlog.pop(whole.request.call_id, None)
    request(self, whole)


request: Any = Dispatcher._request


def receive_any(self: Any, kind: FrameKind, _number: int) -> bool:
    """Look at no number."""
    news: bool = self._call.receive(kind)
    self._received += 1
    return news


def begin_timeless(self: Any, rpc: Rpc) -> None:
    """Begin a call as if it had no deadline."""
    rpc.request = rpc.request._replace(deadline=None)
    begin(self, rpc)


begin: Any = Dispatcher._begin


def stream_uncancelled(self: Any, frame: object) -> None:
    """Overlook a CANCEL."""
    if not isinstance(frame, Cancel):
        stream_receive(self, frame)


stream_receive: Any = ServerStream.receive


def fail_for_good(self: Any, rpc: Rpc, *_: object) -> None:
    """Try no answer again."""
    self._settle(rpc)


async def write_at_once(self: Any, message: bytes) -> bool:
    """Wait for no credit."""
    if self._over:
        return False
    if not self._closed:
        self.stream.spend(message)
        self._put(message)
    return True


def bury_unsent(_self: object, delivery: Any, _reason: str) -> None:
    """Finish a record without its dead letter."""
    delivery.ticket.finish()


def take_trailers_of_any(self: Any, frame: object) -> None:
    """Believe whoever ends the stream."""
    if isinstance(frame, Trailers) and self._pipe.peer is not None:
        frame = frame._replace(source=self._pipe.peer.instance)
    stream_take(self, frame)


stream_take: Any = KafkaStreamCall._take


async def carry_silently(self: Any, rpc: Any, handler: Any) -> None:
    """Leave it to a stream's own frames to tell a client that it was not begun."""
    await carry(self, rpc, handler)


carry: Any = Streaming._carry


def insist_once(send: Any, given_up: Any) -> None:
    """Send an end once."""
    _insisting.insist(send, given_up, tries=1)


def look_at_once(self: Any) -> None:
    """Take what the loop is late by for the others' silence."""
    self._due = self._loop.time()
    look(self)


look: Any = Peers._look


async def finish_at_once(_self: object, dispatcher: Dispatcher) -> None:
    """Give no grace."""
    dispatcher.stop_all()


def drop_waiting_only(self: Any) -> None:
    """Let go on what runs for another server's request."""
    with swapped(Rpc, "lost", property(lambda _: False)):
        drop_void(self)


drop_void: Any = Dispatcher.drop_void


def accept_any(self: Any, frame: Accept) -> None:
    """Leave a second server without a word."""
    if self._pipe.peer is None:
        accepted(self, frame)


accepted: Any = KafkaStreamCall._accepted


def tell_the_first(self: Any, to: str, apart: Any) -> Any:
    """Tell one answer what became of the record that it shares with others."""
    return close_crate(self, to, apart)._replace(report=self._parcels[0].report)


close_crate: Any = Crate.closed
