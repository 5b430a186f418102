"""Where a schema stands between two releases. Pure: revision ids in, a position out.

Expand and contract are two branches, each a line of revisions: `e0001, e0002, ...` and `c0001,
c0002, ...`. So a release can place a revision that it does not know: a higher number is newer.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.database.errors import SchemaBehindError, SchemaBeyondError, SchemaError

EXPAND_ADVICE = "run: python -m services.database migrate expand"
NEWER_ADVICE = "use the newest release that ran here"

_REVISION = re.compile(r"[ec][0-9]{4}")


class Phase(StrEnum):
    """When a migration runs."""

    EXPAND = "expand"
    """Before the new release starts; the old one still serves."""

    CONTRACT = "contract"
    """After nothing of the old release is left."""

    @property
    def none(self) -> str:
        """An id that is older than every revision."""
        return f"{self[0]}0000"

    @classmethod
    def of(cls, revision: str) -> "Phase":
        """The phase of a revision, by its id.

        Raises:
            SchemaError: the id is not one of ours.
        """
        if _REVISION.fullmatch(revision) is None:
            raise SchemaError(
                f"{revision!r} is not a revision of this product; "
                "check that the address names the right database"
            )
        return cls.EXPAND if revision.startswith("e") else cls.CONTRACT


@dataclass(frozen=True)
class Position:
    """How far one branch has run.

    Attributes:
        current: The newest revision that ran; None before the first.
        head: The newest revision that this release knows.
        pending: The known revisions that have yet to run, oldest first.
    """

    current: str | None
    head: str
    pending: tuple[str, ...]

    @property
    def beyond(self) -> bool:
        """Whether a newer release has run revisions that this one does not know."""
        return self.current is not None and self.current > self.head


type Positions = Mapping[Phase, Position]


def positions(known: Mapping[Phase, Sequence[str]], ran: Iterable[str]) -> Positions:
    """Place both branches.

    Args:
        known: This release's revisions of each phase, oldest first, at least one.
        ran: What the database says that it is at: the newest revision of each branch.

    Raises:
        SchemaError: a revision's id is not one of ours, or one phase has two.
    """
    current: dict[Phase, str] = {}
    for revision in ran:
        phase = Phase.of(revision)
        if phase in current:
            raise SchemaError(f"the database is at both {current[phase]} and {revision}")
        current[phase] = revision
    return {phase: _position(line, current.get(phase)) for phase, line in known.items()}


def _position(line: Sequence[str], current: str | None) -> Position:
    pending = tuple(each for each in line if current is None or each > current)
    return Position(current, line[-1], pending)


def check_serving(where: Positions) -> None:
    """Let a release serve on this schema, or say why it must not.

    A schema that a newer release has expanded is fine: that is how the two serve side by side. One
    that a newer release has contracted lacks what this one needs.

    Raises:
        SchemaBehindError: expand has yet to run.
        SchemaBeyondError: a newer release has contracted the schema.
    """
    expand, contract = where[Phase.EXPAND], where[Phase.CONTRACT]
    if expand.pending:
        raise SchemaBehindError(expand.current, expand.head, EXPAND_ADVICE)
    if contract.beyond:
        raise SchemaBeyondError(contract.current or "", contract.head, NEWER_ADVICE)


def check_migrating(phase: Phase, where: Positions) -> None:
    """Let this release run a phase, or say why it must not.

    Raises:
        SchemaBehindError: contract was asked for, and expand has yet to run.
        SchemaBeyondError: a newer release has run either phase.
    """
    for each in where.values():
        if each.beyond:
            raise SchemaBeyondError(each.current or "", each.head, NEWER_ADVICE)
    expand = where[Phase.EXPAND]
    if phase is Phase.CONTRACT and expand.pending:
        raise SchemaBehindError(expand.current, expand.head, EXPAND_ADVICE)
