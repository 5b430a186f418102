"""What is killed while a deployer works, and when: the rows and columns of the kill matrix.

A row is what is killed, a column the step of a deploy in which that happens. Some cells make no
sense; `senseless` says why.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bluegreen.step import Action
from tests.support.site_report import Report


class Victim(StrEnum):
    """What is killed."""

    DEPLOYER = "the deployer, as the step begins"
    DEPLOYER_LATER = "the deployer, in the middle of the step"
    CONNECTION = "the SSH connection, in the middle of the step"
    SSHD = "sshd, for 4 s from the middle of the step"
    REGISTRY = "the registry, for 4 s"
    REGISTRY_FOR_LONG = "the registry, until the deployer gives up"
    CONTAINERS = "the new lane's containers, for good"
    PROCESSES = "the new lane's processes; Docker starts them again"
    ENGINE = "the Docker engine; it is started again"


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
    Action.DRAIN_HTTP,
    Action.DRAIN_STREAMS,
    Action.DRAIN_CALLS,
    Action.STOP,
    Action.END,
)
"""The steps of a deploy that has a lane to replace, in their order."""

_WITH_A_NEW_LANE = COLUMNS[COLUMNS.index(Action.START) :]
_WITH_TRAFFIC = COLUMNS[COLUMNS.index(Action.WATCH) :]
_OF_FILES_ALONE = {Action.BEGIN, Action.RECORD, Action.END}
_IN_THE_MIDDLE = {Victim.DEPLOYER_LATER, Victim.CONNECTION, Victim.SSHD}
_WITH_A_REGISTRY = {Action.PREFLIGHT, Action.PULL}
_REGISTRIES = {Victim.REGISTRY, Victim.REGISTRY_FOR_LONG}
_LANES = {Victim.CONTAINERS, Victim.PROCESSES}
_GIVE_UP = {Victim.REGISTRY_FOR_LONG, Victim.CONTAINERS}
_OF_DOCKER = {"status 502", "status 503", "ConnectError: All connection attempts failed"}
"""How requests fail while Docker, as it starts again, has no names and no ports for a moment."""
_CUT = "RemoteProtocolError: peer closed connection without sending complete message body"
"""How one fails whose answer nginx had begun to pass on when its process was killed."""


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
        over: When the step was done in spite of it, or all was as before.
        exits: How deployers ended since; those that were killed are left out.
        went_back: Whether the release was given up.
        late: Whether the step had ended before the strike came.
        failures: What was wrong with requests since, until the next strike or the end.
        cut: How many streams broke off in this time, and were asked for anew.
    """

    strike: Strike
    struck: float
    over: float | None = None
    exits: list[int] = field(default_factory=list)
    went_back: bool = False
    late: bool = False
    failures: list[str] = field(default_factory=list)
    cut: int = 0

    def __str__(self) -> str:
        """As it is in the table."""
        how = "went back" if self.went_back else "finished"
        seconds = (self.over or self.struck) - self.struck
        late = ", late" if self.late else ""
        codes = [str(code) for code in self.exits if code]
        told = f", exit {' '.join(codes)}" if codes else ""
        cut = f", {self.cut} cut" if self.cut else ""
        return f"{how}, {seconds:.0f} s, {len(self.failures)} failed{cut}{told}{late}"


def complaints(cells: Iterable[Cell], report: Report) -> list[str]:
    """What was broken of what is promised.

    A release is delivered whatever is killed for a while, and given up where that is for good; no
    request fails but those that nobody could have answered; no write is lost or doubled, and no
    event of a stream missed.

    Args:
        cells: All of some deploys.
        report: Of the load on the site meanwhile.
    """
    found = [each for each in map(_complaint, cells) if each]
    if report.writes.lost + report.writes.doubled + report.streams.missed:
        found.append(str(report))
    return found


def _complaint(cell: Cell) -> str | None:
    victim = cell.strike.victim
    well = all(_is_forgiven(each, cell.strike) for each in cell.failures) and (
        _may_give_up(cell.strike) or cell.went_back is (victim in _GIVE_UP)
    )
    return None if well else f"{cell.strike}: {cell}: {', '.join(cell.failures)}"


def _is_forgiven(failure: str, strike: Strike) -> bool:
    """Whether nobody could have answered: without Docker, or once half of an answer was sent."""
    if strike.victim is Victim.ENGINE:
        return failure in _OF_DOCKER
    return strike.victim in _LANES and strike.action is Action.WATCH and failure.startswith(_CUT)


def _may_give_up(strike: Strike) -> bool:
    """Whether it is a matter of the machine if Docker is back soon enough.

    Of processes, before the step's time is over; of itself, before the watch minds what failed.
    """
    return strike.victim is Victim.PROCESSES or strike == Strike(Victim.ENGINE, Action.WATCH)


def senseless(victim: Victim, action: Action) -> str | None:
    """Why a cell is none; None where it is one."""
    if victim in _REGISTRIES and action not in _WITH_A_REGISTRY:
        return "nobody asks the registry then"
    if victim is Victim.ENGINE and action in _OF_FILES_ALONE:
        return "nobody asks Docker then"
    if victim in _LANES and action not in _WITH_A_NEW_LANE:
        return "there is no new lane yet"
    if victim in _LANES and action in _WITH_TRAFFIC[1:]:
        return "the new lane is the one that serves, and nothing else does"
    return None


def row(victim: Victim) -> list[Strike]:
    """All cells of a row."""
    after = None if victim in _IN_THE_MIDDLE else 0.0
    return [Strike(victim, each, after) for each in COLUMNS if senseless(victim, each) is None]


def table(cells: Iterable[Cell]) -> str:
    """All that was seen, in Markdown: a line a step, a column a victim."""
    return "\n".join(_lines(list(cells)))


def _lines(cells: Sequence[Cell]) -> Iterator[str]:
    victims = [each for each in Victim if any(cell.strike.victim is each for cell in cells)]
    found = {(cell.strike.victim, cell.strike.action): str(cell) for cell in cells}
    yield f"| step | {' | '.join(victims)} |"
    yield f"| --- | {' | '.join('---' for _ in victims)} |"
    for action in COLUMNS:
        shown = (found.get((victim, action), _absent(victim, action)) for victim in victims)
        yield f"| `{action}` | {' | '.join(shown)} |"


def _absent(victim: Victim, action: Action) -> str:
    return "not run" if senseless(victim, action) is None else "-"
