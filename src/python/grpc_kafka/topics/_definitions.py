"""The topics of a system, as they follow from one file.

The file says, in TOML, which applications there are, what they serve, and how topics are made:

    lanes = ["blue", "green"]

    [topics.queue]                          # and topics.inbox, topics.dead-letter
    partitions = 4
    replication = 3
    min-in-sync = 2
    retention = "1d"
    settings = {"max.message.bytes" = "2000000"}

    [applications.shop]
    serves = ["shop.v1.Store"]
    calls = []

    [services."shop.v1.Store"]              # where a service's topics differ: queue, dead-letter
    queue = {partitions = 12}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grpc_kafka._names import of_dead_letter, of_inbox, of_queue
from grpc_kafka.topics._applications import applications_of
from grpc_kafka.topics._toml import DefinitionsError, known, table, told_by
from grpc_kafka.topics._topic import Topic

KINDS = ("queue", "inbox", "dead-letter")
_MILLISECONDS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_RETENTION = re.compile(r"([0-9]+)([smhd])")
_NUMBERS = ("partitions", "replication", "min-in-sync")
_PARTITIONS = {"queue": 4, "inbox": 4, "dead-letter": 1}
# Dead letters wait for somebody to look at them, not for a server that starts again.
_LETTERS_RETENTION = "30d"
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the cluster at hand wants otherwise than the file.

    Attributes:
        replication: for all topics; None leaves it to the file.
        min_in_sync: likewise.

    """

    replication: int | None = None
    min_in_sync: int | None = None


@dataclass(frozen=True, slots=True)
class _Shape:
    partitions: int
    replication: int = 1
    min_in_sync: int | None = None
    retention: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    def topic(self, name: str) -> Topic:
        settings = dict(self.settings)
        if self.retention is not None:
            settings["retention.ms"] = str(_milliseconds(self.retention))
        if self.min_in_sync is not None:
            settings["min.insync.replicas"] = str(self.min_in_sync)
        return Topic(name, self.partitions, self.replication, settings)


def read(text: str, lanes: Iterable[str] = (), overrides: Overrides | None = None) -> list[Topic]:
    """The topics that follow from a file.

    Args:
        text: the file's.
        lanes: which lanes' topics; those that the file names by default.
        overrides: what is otherwise than the file has it.

    Raises:
        DefinitionsError: the file is not understood, or there is no lane.
    """
    told, chosen = told_by(text, lanes)
    shapes = {
        kind: _shape(_first(kind), table(told, "topics", kind), f"topics.{kind}") for kind in KINDS
    }
    known(table(told, "topics"), KINDS, "topics")
    found = applications_of(told, chosen)
    applications = [each.name for each in found]
    queues = sorted({service for each in found for service in each.serves})
    services = _services(told, queues)
    return [
        topic
        for lane in chosen
        for topic in _of_lane(lane, applications, queues, services, shapes, overrides)
    ]


def _of_lane(
    lane: str,
    applications: list[str],
    queues: list[str],
    services: Mapping[str, Mapping[str, object]],
    shapes: Mapping[str, _Shape],
    overrides: Overrides | None,
) -> Iterable[Topic]:
    def made(kind: str, name: str, service: str = "") -> Topic:
        own = table(services.get(service, {}), kind)
        shape = _shape(shapes[kind], own, f"services.{service}.{kind}")
        return _overridden(shape, overrides, f"{kind} {name}").topic(name)

    yield from (made("queue", of_queue(lane, each), each) for each in queues)
    yield from (made("inbox", of_inbox(lane, each)) for each in applications)
    yield from (made("dead-letter", of_dead_letter(lane, each), each) for each in queues)


def _first(kind: str) -> _Shape:
    return _Shape(
        _PARTITIONS[kind], retention=_LETTERS_RETENTION if kind == "dead-letter" else None
    )


def _shape(base: _Shape, own: Mapping[str, object], where: str) -> _Shape:
    known(own, (*_NUMBERS, "retention", "settings"), where)
    numbers = {name: _number(own, name, where) for name in _NUMBERS}
    retention = own.get("retention", base.retention)
    if retention is not None and not (
        isinstance(retention, str) and _RETENTION.fullmatch(retention)
    ):
        raise DefinitionsError(f'{where}: retention is a text such as "12h" or "7d"')
    settings = table(own, "settings")
    if not all(isinstance(value, str) for value in settings.values()):
        raise DefinitionsError(f"{where}: settings are texts")
    return _Shape(
        numbers["partitions"] or base.partitions,
        numbers["replication"] or base.replication,
        numbers["min-in-sync"] or base.min_in_sync,
        retention,
        {**base.settings, **{name: str(value) for name, value in settings.items()}},
    )


def _overridden(shape: _Shape, overrides: Overrides | None, where: str) -> _Shape:
    own = overrides or Overrides()
    replication = own.replication or shape.replication
    min_in_sync = own.min_in_sync or shape.min_in_sync
    if min_in_sync is not None and min_in_sync > replication:
        raise DefinitionsError(
            f"{where}: {min_in_sync} in-sync replicas of {replication} can never be"
        )
    return _Shape(shape.partitions, replication, min_in_sync, shape.retention, shape.settings)


def _services(told: Mapping[str, object], queues: list[str]) -> Mapping[str, Mapping[str, object]]:
    services = table(told, "services")
    for name in services:
        if name not in queues:
            raise DefinitionsError(f"services.{name}: no application serves it")
        known(table(services, name), ("queue", "dead-letter"), f"services.{name}")
    return {name: table(services, name) for name in services}


def _number(own: Mapping[str, object], name: str, where: str) -> int | None:
    found = own.get(name)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= _MOST:
        raise DefinitionsError(f"{where}: {name} is a number from 1 to {_MOST}")
    return found


def _milliseconds(retention: str) -> int:
    number, unit = retention[:-1], retention[-1]
    return int(number) * _MILLISECONDS[unit]
