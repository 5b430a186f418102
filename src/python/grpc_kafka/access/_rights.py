"""The least rights that each application needs, as docs/security.md lists them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from grpc_kafka._names import of_dead_letter, of_inbox, of_queue
from grpc_kafka.topics._applications import Application


class Right(NamedTuple):
    """Something that a user may do.

    Attributes:
        user: who; the name of an application.
        operation: `READ`, `WRITE`, ...
        kind: `topic` or `group`; whatever else Kafka has, of rights that were found.
        name: of the topic or group, the whole of it.
        otherwise: how it is no plain right from anywhere to one thing, as text; empty when it is.

    """

    user: str
    operation: str
    kind: str
    name: str
    otherwise: str = ""

    def __str__(self) -> str:
        """As one says it."""
        return (
            f"{self.operation} {self.kind} {self.name}{self.otherwise and f' ({self.otherwise})'}"
        )


def rights_of(applications: Sequence[Application], lane: str) -> list[Right]:
    """The rights of all applications in a lane, sorted.

    Whether a method streams is not known here: whoever calls a service may write to the inbox
    of its application.
    """
    return sorted(set(_in_lane(applications, lane)))


def is_of_another_lane(
    right: Right, applications: Sequence[Application], lanes: Iterable[str]
) -> bool:
    """Whether it is what an application needs in a lane that is not among these."""
    lane = right.name.partition(".")[0]
    return lane not in lanes and right in rights_of(applications, lane)


def _in_lane(applications: Sequence[Application], lane: str) -> Iterable[Right]:
    servers = {service: each.name for each in applications for service in each.serves}
    for each in applications:
        yield Right(each.name, "READ", "topic", of_inbox(lane, each.name))
        # Nobody joins it; but the client asks for its coordinator, twice a second until it is told.
        yield Right(each.name, "DESCRIBE", "group", of_inbox(lane, each.name))
        for service in each.serves:
            queue = of_queue(lane, service)
            yield Right(each.name, "READ", "topic", queue)
            yield Right(each.name, "READ", "group", queue)
            yield Right(each.name, "WRITE", "topic", of_dead_letter(lane, service))
        for service in each.calls:
            yield Right(each.name, "WRITE", "topic", of_queue(lane, service))
            if service in servers:
                server = servers[service]
                yield Right(each.name, "WRITE", "topic", of_inbox(lane, server))
                yield Right(server, "WRITE", "topic", of_inbox(lane, each.name))
