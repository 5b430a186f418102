"""What is known of each call and each handler's run, for the oracle to judge."""

from __future__ import annotations

from dataclasses import dataclass, field

import grpc

from tests.simulation.process import Process
from tests.simulation.workload import Spec


@dataclass(slots=True)
class Run:
    """One run of a handler.

    Attributes:
        ended: when, None while it runs.
        served: whether it came to its end, and not to a cancellation.

    """

    process: Process
    begun: float
    ended: float | None = None
    served: bool = False


@dataclass(slots=True)
class Facts:
    """What the brokers know of a call.

    Attributes:
        places: where its REQUEST is, as partition and offset.
        acknowledged: whether a server was told that the brokers have the answer.
        confirmed: whether its client confirmed a server.
        cancels: when a CANCEL was handed to a process, and to which.
        failed: kinds of frames that were reported as failed, by the client or a server.

    """

    call_id: bytes
    streams: bool = False
    deadline: float | None = None
    reply_to: str = ""
    foreign: bool = False
    first_seen: float = 0.0
    places: list[tuple[int, int]] = field(default_factory=list)
    acknowledged: bool = False
    lettered: bool = False
    confirmed: bool = False
    cancel_written: bool = False
    end_written: bool = False
    parts_due: int = 0
    parts: set[bytes] = field(default_factory=set)
    cancels: list[tuple[float, Process]] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    client: Process | None = None


@dataclass(slots=True, eq=False)
class Attempt:
    """One call, as its client made it.

    Attributes:
        token: names it; it goes along as metadata, and in every message.
        code: how it ended.
        answers: how many messages came.

    """

    token: str
    spec: Spec
    process: Process
    begun: float
    key: str = ""
    cancelled: float | None = None
    ended: float | None = None
    code: grpc.StatusCode | None = None
    details: str = ""
    answers: int = 0
    facts: Facts | None = None
    runs: list[Run] = field(default_factory=list)
