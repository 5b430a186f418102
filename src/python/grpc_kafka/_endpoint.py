"""Where a process stands among the topics, and whether it is well."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

_LANE = re.compile(r"[a-zA-Z0-9_-]+")
_APPLICATION = re.compile(r"[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A Kafka cluster, and a process's place in it.

    Attributes:
        bootstrap_servers: `host:port`, several separated by commas.
        lane: the first part of all topic names; processes reach only those of their own lane.
        application: names the inbox topic, and the client towards the brokers.
        kafka: further librdkafka settings, those that the broker in use wants.

    Raises:
        ValueError: a lane or an application that cannot be part of a topic's name.

    """

    bootstrap_servers: str
    lane: str
    application: str
    # Not in its repr: a password may be among them.
    kafka: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        # What is in a lane is known by the lane's name and the dot behind it.
        if not _LANE.fullmatch(self.lane):
            raise _not_allowed("lane", self.lane, "")
        if not _APPLICATION.fullmatch(self.application):
            raise _not_allowed("application", self.application, ", and single dots between")


def _not_allowed(what: str, name: str, more: str) -> ValueError:
    return ValueError(
        f"{what} {name!r} cannot be part of a topic's name: use letters, digits, '-' and '_'{more}"
    )


class Health(NamedTuple):
    """Whether a channel or a server can do its work now, and if not, why."""

    ok: bool
    detail: str
