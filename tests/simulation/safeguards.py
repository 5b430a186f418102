"""The safeguards of the transport, each with a way to take it out of the real code.

What takes one out replaces as little as it can: the simulation has to notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from grpc_kafka._kafka._joining import Crate
from grpc_kafka.aio import _connection, _gathering, _peers, _server_stream
from grpc_kafka.aio._answers import Answers
from grpc_kafka.aio._call import KafkaUnaryUnaryCall
from grpc_kafka.aio._care import Care, Turns
from grpc_kafka.aio._connection import Connection
from grpc_kafka.aio._dead_letters import DeadLetters
from grpc_kafka.aio._dispatcher import Dispatcher
from grpc_kafka.aio._intake import Intake, Ticket
from grpc_kafka.aio._peers import Peers
from grpc_kafka.aio._pipe import Pipe
from grpc_kafka.aio._rpc import Rpc
from grpc_kafka.aio._server import KafkaServer
from grpc_kafka.aio._server_stream import ServerStream
from grpc_kafka.aio._stream_call import KafkaStreamCall
from grpc_kafka.aio._streaming import Streaming
from grpc_kafka.protocol import (
    SUSPICIOUS,
    Address,
    Collected,
    Plan,
    Stream,
    Watermark,
)
from tests.simulation import without
from tests.simulation.faults import Profile
from tests.simulation.seams import swapped

_NEVER = 1e9


@dataclass(frozen=True, slots=True)
class Safeguard:
    """One safeguard.

    Attributes:
        promise: what it is for.
        profile: the worlds that need it.
        swaps: what takes it out: an owner, a name, and what stands there instead.

    """

    promise: str
    profile: Profile
    swaps: tuple[tuple[object, str, object], ...]

    @contextmanager
    def removed(self) -> Iterator[None]:
        """Do without it for a while."""
        with ExitStack() as stack:
            for owner, name, value in self.swaps:
                stack.enter_context(swapped(owner, name, value))
            yield


_FALSE = property(lambda _: False)

SAFEGUARDS: dict[str, Safeguard] = {
    "committed-behind-its-answer": Safeguard(
        "a request is committed when the brokers have its answer",
        Profile.CRASH,
        ((Answers, "_send", without.commit_first),),
    ),
    "watermark": Safeguard(
        "a position is committed when everything before it is done with",
        Profile.CRASH,
        ((Watermark, "finish", without.finish_any),),
    ),
    "void-tickets": Safeguard(
        "what was not begun is left to the partition's next owner",
        Profile.REBALANCE,
        ((Ticket, "void", _FALSE), (Rpc, "void", _FALSE)),
    ),
    "moved-runs": Safeguard(
        "a run is cancelled whose request is another server's",
        Profile.REBALANCE,
        ((Dispatcher, "drop_void", without.drop_waiting_only),),
    ),
    "instance": Safeguard(
        "a process takes nothing that is meant for another one",
        Profile.CRASH,
        ((Connection, "_take", without.take_any_instance),),
    ),
    "lane": Safeguard(
        "nothing is written to another lane at a request's word",
        Profile.CRASH,
        ((Address, "is_inbox_of", lambda *_: True),),
    ),
    "confirmed-streams": Safeguard(
        "a stream's handler begins when its client has confirmed its server",
        Profile.NETWORK,
        ((ServerStream, "accept", without.accept_unconfirmed),),
    ),
    "unconfirmed-end": Safeguard(
        "a server that was not confirmed cannot end a stream",
        Profile.NETWORK,
        ((KafkaStreamCall, "_take", without.take_trailers_of_any),),
    ),
    "unheard-accept": Safeguard(
        "a client that heard of no server hears of a stream that was not begun",
        Profile.NETWORK,
        ((Streaming, "_carry", without.carry_silently),),
    ),
    "patience-of-accept": Safeguard(
        "a stream that nobody confirms is dropped",
        Profile.CHAOS,
        ((_server_stream, "SILENCE", _NEVER),),
    ),
    "second-accept": Safeguard(
        "a second server that takes a stream is told to let go",
        Profile.CRASH,
        ((KafkaStreamCall, "_accepted", without.accept_any), (_server_stream, "SILENCE", _NEVER)),
    ),
    "committed-streams": Safeguard(
        "a stream that was begun outlives its request's partition",
        Profile.REBALANCE,
        ((Rpc, "settle", without.nothing),),
    ),
    "known-calls": Safeguard(
        "a request that is delivered again while it is worked on begins nothing",
        Profile.NETWORK,
        ((Dispatcher, "_request", without.request_unknown),),
    ),
    "sequence": Safeguard(
        "frames of a stream are taken in their order, once each, and none is missed in silence",
        Profile.NETWORK,
        ((Stream, "receive", without.receive_any),),
    ),
    "silence": Safeguard(
        "a process that falls silent is given up",
        Profile.CRASH,
        ((_peers, "SILENCE", _NEVER),),
    ),
    "late-loops": Safeguard(
        "a process that stood still itself takes nobody for dead",
        Profile.STANDSTILL,
        ((Peers, "_look", without.look_at_once),),
    ),
    "grace": Safeguard(
        "a server that stops lets handlers finish",
        Profile.REBALANCE,
        ((KafkaServer, "_finish", without.finish_at_once),),
    ),
    "cancellations-ahead": Safeguard(
        "a request that is run alone is cancelled ahead of what waits between",
        Profile.POISON,
        ((Care, "_foretell", without.nothing),),
    ),
    "turns": Safeguard(
        "one suspect runs at a time, of all partitions of a server",
        Profile.POISON,
        ((Turns, "ask", lambda _self, care: care.begin()), (Turns, "give_back", without.nothing)),
    ),
    "told-aside": Safeguard(
        "the caller of a request that was set aside is told",
        Profile.POISON,
        ((DeadLetters, "_answer", without.nothing),),
    ),
    "pings": Safeguard(
        "processes with streams tell each other that they live",
        Profile.CALM,
        ((Peers, "_ping", without.nothing),),
    ),
    "deadline-of-servers": Safeguard(
        "a handler ends by its call's deadline, and none begins behind it",
        Profile.CALM,
        ((Dispatcher, "_begin", without.begin_timeless),),
    ),
    "deadline-of-clients": Safeguard(
        "a call ends by its deadline, whatever servers do",
        Profile.CALM,
        ((KafkaUnaryUnaryCall, "expire", without.nothing),),
    ),
    "deadline-of-streams": Safeguard(
        "a stream ends by its deadline, whatever servers do",
        Profile.NETWORK,
        ((KafkaStreamCall, "_expire", without.nothing),),
    ),
    "cancelled-requests": Safeguard(
        "a cancelled call's handler is cancelled",
        Profile.CALM,
        ((Dispatcher, "_cancel", without.nothing),),
    ),
    "cancellations": Safeguard(
        "a server is told of a cancelled call",
        Profile.CALM,
        ((Connection, "cancel", without.nothing),),
    ),
    "cancelled-streams": Safeguard(
        "a cancelled stream's handler is cancelled",
        Profile.CALM,
        ((ServerStream, "receive", without.stream_uncancelled),),
    ),
    "answers-again": Safeguard(
        "an answer that was not acknowledged is sent again",
        Profile.NETWORK,
        ((Answers, "_failed", without.fail_for_good),),
    ),
    "shared-reports": Safeguard(
        "what becomes of a record is told for each of the answers that share it",
        Profile.CALM,
        ((Crate, "closed", without.tell_the_first),),
    ),
    "whole-messages": Safeguard(
        "a message that came in parts is whole",
        Profile.NETWORK,
        ((Collected, "is_whole", lambda *_: True),),
    ),
    "patience-of-parts": Safeguard(
        "parts whose end does not come hold up nobody",
        Profile.NETWORK,
        ((_gathering, "PATIENCE", _NEVER),),
    ),
    "care": Safeguard(
        "requests that may have brought servers down are run one at a time",
        Profile.POISON,
        ((Intake, "suspect", without.nothing),),
    ),
    "marks": Safeguard(
        "a request that is run alone is named beside the position before it runs",
        Profile.POISON,
        ((Plan, "alone", lambda *_: SUSPICIOUS),),
    ),
    "set-aside": Safeguard(
        "a request that brings servers down again and again is set aside",
        Profile.POISON,
        ((Plan, "accuses", lambda *_: False),),
    ),
    "letters": Safeguard(
        "what cannot be parsed is finished when the brokers have its dead letter",
        Profile.CRASH,
        ((DeadLetters, "bury", without.bury_unsent),),
    ),
    "ends-again": Safeguard(
        "an end that was not sent is sent again",
        Profile.CHAOS,
        (
            (_connection, "insist", without.insist_once),
            (_server_stream, "insist", without.insist_once),
        ),
    ),
    "broken-streams": Safeguard(
        "a stream that broke on its client's side ends on its server's too",
        Profile.CHAOS,
        ((KafkaStreamCall, "abandon", KafkaStreamCall.finish),),
    ),
    "credit": Safeguard(
        "a writer waits for a reader that is slower",
        Profile.CALM,
        ((Pipe, "write", without.write_at_once),),
    ),
    "concurrency": Safeguard(
        "no more handlers run at once than a server may have",
        Profile.CALM,
        ((Dispatcher, "_admit", without.begin),),
    ),
    "forgotten-calls": Safeguard(
        "nothing is kept of a call that is over",
        Profile.CALM,
        ((Connection, "forget", without.nothing),),
    ),
    "forgotten-peers": Safeguard(
        "nobody is watched without a stream",
        Profile.CALM,
        ((Peers, "unwatch", without.nothing),),
    ),
}
"""By a short name."""
