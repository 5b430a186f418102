"""Deploys, or rollbacks, during which something is killed, until the release serves.

The deployer is run anew whenever it has ended, as a person or a pipeline would do it.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from subprocess import Popen
from typing import Any

from bluegreen.bundle import MANIFEST
from bluegreen.release import Release
from bluegreen.step import Action
from tests.bluegreen.agreement import served_by
from tests.bluegreen.kills import Cell, Strike, Victim
from tests.bluegreen.strikes import STRIKES, Undo
from tests.support.delivery import Delivery
from tests.support.site_report import Sample

RUNS = 5
"""How often, beyond once a strike, a deployer may be run until the release serves."""

_GIVEN_UP = 1
_ENDS = {"succeeded", "skipped"}
_SHORT = 0.3


def _deploying(folder: Path) -> Sequence[str]:
    return ("deploy", "--release", str(folder))


@dataclass
class Ordeal:
    """Strikes, and the deploys that they come down on.

    Attributes:
        site: Where to deliver.
        make: Makes a release, or chooses one that served; gives its folder.
        samples: Of the load, as they come.
        strikes: At most one a step. All of them come down on as few deploys as possible.
        command: What brings the release of a folder.
        cells: What came of those that were struck.
        said: What deployers said that failed.
    """

    site: Delivery
    make: Callable[[], Path]
    samples: Sequence[Sample]
    strikes: Sequence[Strike]
    command: Callable[[Path], Sequence[str]] = _deploying
    cells: list[Cell] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def run(self) -> list[Cell]:
        """Deploy until all strikes came down and the last release serves.

        Raises:
            AssertionError: a deployer said what no machine reads, such as a traceback, or what it
            left does not agree with itself.
        """
        waiting = {strike.action: strike for strike in self.strikes}
        folder, before = self.make(), served_by(self.site)
        for _ in range(len(self.strikes) + RUNS):
            code = self._deploy(folder, waiting)
            if code == 0:
                before = served_by(self.site)
                manifest = folder / MANIFEST
                assert before == Release.parse(manifest.read_text(), str(manifest)).version
                if not waiting:
                    return self._counted()
                folder = self.make()
            elif code == _GIVEN_UP:
                assert served_by(self.site) == before
        raise AssertionError(f"it never ends: {self.said[-1] if self.said else self.cells}")

    def _deploy(self, folder: Path, waiting: dict[Action, Strike]) -> int:
        """Run the deployer once; its exit code."""
        heard: list[str] = []
        undoing: list[Undo] = []
        forward, doomed = True, False
        with self.site.begun(*self.command(folder), "--json") as process:
            try:
                for told in _objects(process, heard):
                    action = Action(str(told["step"]).split()[0])
                    if told["event"] == "started":
                        forward = _is_forward(action, forward)
                        if not forward or doomed or process.poll() is not None:
                            continue
                        if strike := waiting.pop(action, None):
                            undoing.append(self._strike(strike, process))
                            doomed = strike.victim is Victim.CONTAINERS  # none is left to kill
                    elif told["event"] in _ENDS and forward:
                        self._ended(action, told)
                code = process.wait()
            finally:
                for undo in undoing:
                    undo()
        self._over(code, "".join(heard))
        return code

    def _strike(self, strike: Strike, process: Popen[str]) -> Undo:
        """Kill; gives what is to be done when the deployer has ended."""
        half = self._half(strike.action)
        time.sleep(half if strike.after is None else strike.after)
        self.cells.append(Cell(strike, time.monotonic()))
        self._struck_at = time.time()
        return STRIKES[strike.victim](self.site, process)

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
                cell.late = datetime.fromisoformat(told["at"]).timestamp() < self._struck_at

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

    def _counted(self) -> list[Cell]:
        times = [cell.struck for cell in self.cells]
        for cell, end in zip(self.cells, [*times[1:], time.monotonic()], strict=True):
            ended = [
                each
                for each in self.samples
                if each.failure and cell.struck <= each.began + each.seconds < end
            ]
            cell.cut = sum(each.is_cut for each in ended)
            cell.failures = [each.failure for each in ended if not each.is_cut]
        return self.cells


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
