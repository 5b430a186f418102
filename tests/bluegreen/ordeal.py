"""Deploys during which something is killed, again and again, until the release serves.

The deployer is run anew whenever it has ended, as a person or a pipeline would do it.
"""

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from subprocess import Popen
from typing import Any

from bluegreen.bundle import Bundle
from bluegreen.step import Action
from tests.bluegreen.agreement import served_by
from tests.bluegreen.kills import Cell, Strike, Victim
from tests.bluegreen.strikes import STRIKES, Undo
from tests.support import releases
from tests.support.delivery import Delivery
from tests.support.releases import Shelf
from tests.support.site_report import Sample

RUNS = 5
"""How often, beyond once a strike, a deployer may be run until the release serves."""

TRIES = 3
"""How often one strikes at a step until it comes before the step has ended."""

_GIVEN_UP = 1
_ENDS = {"succeeded", "skipped"}
_SHORT = 0.3


@dataclass(frozen=True)
class Wanted:
    """What is run until it is done.

    Attributes:
        arguments: Of the deployer.
        version: What serves then.
    """

    arguments: Sequence[str]
    version: str

    @classmethod
    def deploy(cls, site: Delivery, shelf: Shelf) -> "Wanted":
        """A release that nobody has seen yet."""
        folder = site.built(shelf.release(account=releases.harmless()))
        version = Bundle.read(folder).release.version
        return cls(("deploy", "--json", "--release", str(folder)), version)

    @classmethod
    def rollback(cls, site: Delivery) -> "Wanted":
        """What is in the lane that has no traffic."""
        state = site.state
        assert state.live is not None, state
        version = state.lanes[state.live.other].release.version
        return cls(("rollback", "--json", version), version)


@dataclass
class Ordeal:
    """Strikes, and the deploys or rollbacks that they come down on.

    Attributes:
        site: Where to deliver.
        shelf: Where releases are made.
        samples: Of the load, as they come.
        strikes: At most one a step. All of them come down on as few deploys as possible. They are
            of such victims only as are killed in the same operation.
        cells: What came of those that were struck, also of those that came late.
        said: What deployers said that failed.
    """

    site: Delivery
    shelf: Shelf
    samples: Sequence[Sample]
    strikes: Sequence[Strike]
    cells: list[Cell] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        victims = {strike.victim for strike in self.strikes}
        self._rolls_back = victims == {Victim.DEPLOYER_IN_ROLLBACK}
        self._turns_back = victims == {Victim.DEPLOYER_GOING_BACK}
        self._waiting = {strike.action: strike for strike in self.strikes}
        self._tries: Counter[Action] = Counter()

    def run(self) -> list[Cell]:
        """Deploy until all strikes came down and the last release serves.

        Raises:
            AssertionError: a deployer said what no machine reads, such as a traceback, or what it
            left does not agree with itself.
        """
        try:
            self._until_it_serves()
        finally:
            self._count()
        return self.cells

    def _until_it_serves(self) -> None:
        wanted, before = self._wanted(), served_by(self.site)
        for _ in range(len(self.strikes) * TRIES + RUNS):
            code = self._run(wanted)
            if code == 0:
                before = served_by(self.site)
                assert before == wanted.version
                if not self._waiting:
                    return
                wanted = self._wanted()
            elif code == _GIVEN_UP:
                assert served_by(self.site) == before
        raise AssertionError(f"it never ends: {self.said[-1] if self.said else self.cells}")

    def _wanted(self) -> Wanted:
        return (
            Wanted.rollback(self.site) if self._rolls_back else Wanted.deploy(self.site, self.shelf)
        )

    def _run(self, wanted: Wanted) -> int:
        """Run the deployer once; its exit code."""
        heard: list[str] = []
        undoing: list[Undo] = []
        forward, doomed = True, False
        with self.site.begun(*wanted.arguments) as process:
            try:
                for told in _objects(process, heard):
                    action = Action(str(told["step"]).split()[0])
                    if told["event"] == "started":
                        forward = _is_forward(action, forward)
                        if doomed or process.poll() is not None:
                            continue
                        if forward is self._turns_back:
                            self._lead(action, process)
                        elif strike := self._waiting.pop(action, None):
                            undoing.append(self._strike(strike, process))
                            doomed = strike.victim is Victim.CONTAINERS  # none is left to kill
                    elif told["event"] in _ENDS and forward is not self._turns_back:
                        self._ended(action, told)
                code = process.wait()
            finally:
                for undo in undoing:
                    undo()
        self._over(code, "".join(heard))
        return code

    def _lead(self, action: Action, process: Popen[str]) -> None:
        """Have what is being brought given up, where that is what is struck at."""
        if self._turns_back and self._waiting and action is Action.WATCH:
            process.send_signal(signal.SIGINT)

    def _strike(self, strike: Strike, process: Popen[str]) -> Undo:
        """Kill; gives what is to be done when the deployer has ended."""
        after = self._half(strike.action) if strike.after is None else strike.after
        time.sleep(after / 4 ** self._tries[strike.action])  # sooner, if it came late
        self._tries[strike.action] += 1
        cell = Cell(strike, time.monotonic(), time.time())
        self.cells.append(cell)
        undo = STRIKES[strike.victim](self.site, process)
        cell.back = time.monotonic()
        return undo

    def _half(self, action: Action) -> float:
        """Half of the least time that a step has ever taken here."""
        file = self.site.server.folder / "audit.jsonl"
        records = [json.loads(line) for line in file.read_text().splitlines()]
        took = [
            float(each["seconds"])
            for each in records
            if each["step"].split()[0] == action and each["event"] in _ENDS
        ]
        return min(took) / 2 if took else _SHORT

    def _ended(self, action: Action, told: dict[str, Any]) -> None:
        for cell in self.cells:
            if cell.strike.action is action and cell.over is None:
                cell.over = time.monotonic()
                cell.late = datetime.fromisoformat(told["at"]).timestamp() < cell.at
                if cell.late and self._tries[action] < TRIES:
                    self._waiting[action] = cell.strike

    def _over(self, code: int, said: str) -> None:
        """Tell the cell whose strike was the last one how the deployer ended."""
        strange = [line for line in said.splitlines() if not line.startswith("{")]
        assert not strange, said
        if code > 0:
            self.said.append(said)
        if not self.cells or code < 0:
            return
        cell = self.cells[-1]
        cell.exits.append(code)
        if code == _GIVEN_UP:
            cell.went_back, cell.over = True, time.monotonic()
        elif code == 0:
            for each in self.cells:
                each.over = each.over or time.monotonic()

    def _count(self) -> None:
        times = [cell.struck for cell in self.cells]
        for cell, end in zip(self.cells, [*times[1:], time.monotonic()], strict=True):
            failed = [each for each in self.samples if each.failure]
            found = [each for each in failed if cell.struck <= each.ended < end]
            cell.cut = sum(each.is_cut for each in found)
            cell.failures = [each for each in found if not each.is_cut]


def _objects(process: Popen[str], heard: list[str]) -> Iterator[dict[str, Any]]:
    """What the deployer tells of steps, as it does."""
    for line in process.stdout or ():
        heard.append(line)
        if line.startswith("{"):
            told = json.loads(line)
            if told["type"] == "step" and told["step"] != "notify":
                yield told


def _is_forward(action: Action, forward: bool) -> bool:
    """Whether a plan brings a release from this step on, and does not undo one."""
    if action is Action.TURN_BACK:
        return False
    return forward or action is Action.PREFLIGHT
