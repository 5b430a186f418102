"""What users and rights should be and what they are, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from grpc_kafka.access._rights import Right, is_of_another_lane, rights_of
from grpc_kafka.topics._applications import Application


class Step(Enum):
    """What a difference takes to be none; the value stands before its line."""

    GRANT = "+"
    """A user or a right is missing."""

    CHANGE = "~"
    """A user has another password; it is set when that is asked for."""

    REVOKE = "-"
    """A right is too much; it is taken away when that is asked for."""


class Entrance(Enum):
    """How a user gets in."""

    MISSING = "is missing"
    """The brokers do not know the user."""

    REFUSED = "does not get in with the password of its file"
    """They do, by another password."""

    OPEN = "gets in"
    """They do, as far as was asked."""


class Difference(NamedTuple):
    """One thing that is not as it should be: a right, or else how the user gets in."""

    step: Step
    user: str
    right: Right | None = None

    def __str__(self) -> str:
        """One line: the step's sign, the user, what differs."""
        return f"{self.step.value} {self.user}: {self._said()}"

    def _said(self) -> str:
        if self.right is None:
            entrance = Entrance.MISSING if self.step is Step.GRANT else Entrance.REFUSED
            return entrance.value
        return f"{'is too much' if self.step is Step.REVOKE else 'lacks'}: {self.right}"


def differences(
    applications: Sequence[Application],
    lanes: Sequence[str],
    entrances: Mapping[str, Entrance],
    found: Iterable[Right],
) -> list[Difference]:
    """What is not as the applications need it, user by user.

    Args:
        applications: whose users and rights they are; those of others are none of it.
        lanes: where they are to work. What they need in other lanes is theirs to keep.
        entrances: how each of them gets in.
        found: the rights that they have.
    """
    wanted = {right for lane in lanes for right in rights_of(applications, lane)}
    has = set(found)
    much = [each for each in has - wanted if not is_of_another_lane(each, applications, lanes)]
    steps = {Entrance.MISSING: Step.GRANT, Entrance.REFUSED: Step.CHANGE}
    of_users = [
        Difference(steps[entrances[each.name]], each.name)
        for each in applications
        if entrances[each.name] in steps
    ]
    lacking = [Difference(Step.GRANT, right.user, right) for right in sorted(wanted - has)]
    return [
        *of_users,
        *lacking,
        *(Difference(Step.REVOKE, each.user, each) for each in sorted(much)),
    ]
