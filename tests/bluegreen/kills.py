"""What is killed while a deployer works, and when: the rows and columns of the kill matrix.

A row is what is killed, a column the step of a deploy in which that happens. Some cells make no
sense; `senseless` says why.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bluegreen.step import Action
from tests.support.site_report import Sample


class Victim(StrEnum):
    """What is killed, as the head of its column in the docs says it."""

    DEPLOYER = "deployer, as it begins"
    DEPLOYER_LATER = "deployer, in the middle"
    DEPLOYER_IN_ROLLBACK = "deployer of a rollback, as it begins"
    DEPLOYER_GOING_BACK = "deployer that goes back, as it begins"
    CONNECTION = "SSH connection"
    SSHD = "sshd, for 4 s"
    REGISTRY = "registry, for 4 s"
    REGISTRY_FOR_LONG = "registry, until the deployer gives up"
    CONTAINERS = "new lane, for good (`docker kill`)"
    PROCESSES = "new lane's processes, started again by Docker"
    ENGINE = "engine, crashed and started"
    ENGINE_IN_ORDER = "engine, restarted in order"


COLUMNS: Sequence[Action] = (
    Action.PREFLIGHT,
    Action.BEGIN,
    Action.RECORD,
    Action.PULL,
    Action.SERVERS,
    Action.EXPAND,
    Action.CLEAR,
    Action.TOPICS,
    Action.START,
    Action.PUBLISH,
    Action.PROVE,
    Action.SWITCH,
    Action.WATCH,
    Action.TURN_BACK,
    Action.DRAIN_HTTP,
    Action.DRAIN_STREAMS,
    Action.DRAIN_CALLS,
    Action.STOP,
    Action.END,
)
"""The steps of a deploy that has a lane to replace, in their order; and the first one back."""

ENGINES = frozenset({Victim.ENGINE, Victim.ENGINE_IN_ORDER})

_WITH_A_NEW_LANE = COLUMNS[COLUMNS.index(Action.START) :]
_AFTER_THE_WATCH = COLUMNS[COLUMNS.index(Action.WATCH) + 1 :]
_BACK = {
    Action.TURN_BACK,
    Action.START,
    Action.SWITCH,
    Action.DRAIN_HTTP,
    Action.DRAIN_STREAMS,
    Action.DRAIN_CALLS,
    Action.CLEAR,
    Action.END,
}
"""What undoes a deploy that is given up while it is watched."""

_OF_FILES_ALONE = {Action.BEGIN, Action.RECORD, Action.END}
_IN_THE_MIDDLE = {Victim.DEPLOYER_LATER, Victim.CONNECTION, Victim.SSHD}
_WITH_A_REGISTRY = {Action.PREFLIGHT, Action.PULL}
_REGISTRIES = {Victim.REGISTRY, Victim.REGISTRY_FOR_LONG}
_LANES = {Victim.CONTAINERS, Victim.PROCESSES}

_SENSELESS: Sequence[tuple[str, Collection[Victim], Collection[Action]]] = (
    ("going back has no such step", {Victim.DEPLOYER_GOING_BACK}, {*COLUMNS} - _BACK),
    ("nothing is undone", {*Victim} - {Victim.DEPLOYER_GOING_BACK}, {Action.TURN_BACK}),
    (
        "a rollback has no such step",
        {Victim.DEPLOYER_IN_ROLLBACK},
        {Action.EXPAND, Action.WATCH},
    ),
    ("nobody asks the registry then", _REGISTRIES, {*COLUMNS} - _WITH_A_REGISTRY),
    ("nobody asks Docker then", ENGINES, _OF_FILES_ALONE),
    ("there is no new lane yet", _LANES, {*COLUMNS} - {*_WITH_A_NEW_LANE}),
    (
        "the new lane is the one that serves, and nothing else does",
        _LANES,
        _AFTER_THE_WATCH,
    ),
)
"""Why there is no such cell: of which victims, at which steps."""


@dataclass(frozen=True)
class Strike:
    """A cell: what is killed in which step.

    Attributes:
        after: Seconds from the beginning of the step; None for half of the least that it ever took.
    """

    victim: Victim
    action: Action
    after: float | None = 0.0


@dataclass
class Cell:
    """What came of a strike.

    Attributes:
        struck: When, by the monotonic clock.
        at: When, by the clock of the wall.
        back: When that was back which was away; when it was struck, where nothing comes back.
        over: When the step was done in spite of it, or all was as before.
        exits: How deployers ended since; those that were killed are left out.
        went_back: Whether the release was given up.
        late: Whether the step had ended before the strike came, which proves nothing.
        failures: Requests that failed since, until the next strike or the end.
        cut: How many streams broke off in this time, and were asked for anew.
    """

    strike: Strike
    struck: float
    at: float = 0.0
    back: float = 0.0
    over: float | None = None
    exits: list[int] = field(default_factory=list)
    went_back: bool = False
    late: bool = False
    failures: list[Sample] = field(default_factory=list)
    cut: int = 0

    @property
    def shown(self) -> str:
        """As it is in the table."""
        how = "went back" if self.went_back else "finished"
        seconds = (self.over or self.struck) - self.struck
        late = ", late" if self.late else ""
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"{how}, {seconds:.0f} s{failed}{late}"

    def __str__(self) -> str:
        """With all that explains it."""
        failed = [f"{each.kind} {each.ended - self.struck:+.1f} s" for each in self.failures]
        said = [f"{when}: {each.failure}" for when, each in zip(failed, self.failures, strict=True)]
        back = f"back after {max(0.0, self.back - self.struck):.1f} s"
        return f"{self.strike}: {self.shown}; exits {self.exits}, {back}, {self.cut} cut; {said}"


def senseless(victim: Victim, action: Action) -> str | None:
    """Why a cell is none; None where it is one."""
    reasons = (why for why, of, at in _SENSELESS if victim in of and action in at)
    return next(reasons, None)


def row(victim: Victim) -> list[Strike]:
    """All cells of a row."""
    after = None if victim in _IN_THE_MIDDLE else 0.0
    return [Strike(victim, each, after) for each in COLUMNS if senseless(victim, each) is None]
