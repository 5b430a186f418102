"""What people and machines see of a run: the plan, each step as it begins and ends, the outcome."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import TextIO

from bluegreen import show
from bluegreen.build.stages import Stage
from bluegreen.ports import Outcome
from bluegreen.settings import Hooks
from bluegreen.step import Step
from bluegreen.store import Event, Record

_WIDTH = 22
_SIGNS = {Event.SUCCEEDED: "done", Event.SKIPPED: "is so", Event.FAILED: "FAILED"}


class Console:
    """Writes what happens: for people in lines, for machines in JSON, one object a line.

    Args:
        as_json: Whether a machine reads.
        out: Where to.
    """

    def __init__(self, *, as_json: bool, out: TextIO | None = None) -> None:
        self._json = as_json
        self._out = out or sys.stdout
        self._names: list[str] = []
        self._place = 0

    def plan(self, steps: Sequence[Step], hooks: Hooks) -> None:
        """What will be done."""
        self._names, self._place = [step.name for step in steps], 0
        if self._json:
            self._object("plan", show.plan_fields(steps, hooks))
        else:
            self._write(show.plan_for_people(steps, hooks))

    def building(self, stages: Sequence[Stage], *, rehearsed: bool) -> None:
        """What will be done before there is a release; by which commands if it is not."""
        self._names, self._place = [stage.name for stage in stages], 0
        if self._json:
            self._object("build", {"stages": show.stage_fields(stages)})
        else:
            self._write(show.stages_for_people(stages, commands=rehearsed))

    def rehearsal(
        self, steps: Sequence[Step], commands: Iterable[Sequence[str]], hooks: Hooks
    ) -> None:
        """What would be done, and by which commands: up to those that nobody can tell any more."""
        said: list[Sequence[str]] = []
        try:
            said.extend(commands)
        finally:
            self._rehearsed(steps, said, hooks)

    def _rehearsed(
        self, steps: Sequence[Step], commands: Sequence[Sequence[str]], hooks: Hooks
    ) -> None:
        if self._json:
            plan = show.plan_fields(steps, hooks)
            told = zip(plan["steps"], chain(commands, repeat(())), strict=False)
            self._object("plan", {**plan, "steps": [{**e, "commands": ran} for e, ran in told]})
            return
        self._write(show.plan_for_people(steps, hooks))
        if commands:
            self._write(f"\non the server:\n{show.commands_for_people(steps, commands)}")

    def record(self, record: Record) -> None:
        """What became of a step."""
        if self._json:
            self._object("step", record.model_dump(mode="json"))
            return
        number = self._number(record)
        match record.event:
            case Event.STARTED:
                if self._out.isatty():
                    self._write(f"{number:>7}  {record.step:<{_WIDTH}} ...\r")
            case Event.RETRIED:
                self._write(f"{number:>7}  {record.step:<{_WIDTH}} again: {record.detail}\n")
            case _:
                if record.event is Event.FAILED:
                    self._names = []  # what follows is not of the plan
                reason = f"  {record.detail}" if record.detail else ""
                took = f"{record.seconds:8.1f} s  {_SIGNS[record.event]}"
                self._write(f"{number:>7}  {record.step:<{_WIDTH}} {took}{reason}\n")

    def _number(self, record: Record) -> str:
        """Which step of the plan it is; a plan may have one twice."""
        if record.event is Event.STARTED and record.step in self._names[self._place :]:
            self._place = self._names.index(record.step, self._place) + 1
        is_planned = self._place and self._names[self._place - 1 : self._place] == [record.step]
        return f"{self._place}/{len(self._names)}" if is_planned else ""

    def progress(self, line: str) -> None:
        """A line of what takes long."""
        if self._json:
            self._object("progress", {"line": line})
        else:
            self._write(f"{'':9}{line}\n")

    def command(self, line: str) -> None:
        """A line of what is run, beside all others."""
        told = json.dumps({"type": "command", "line": line}) if self._json else f"{'':9}{line}"
        _written(sys.stderr, f"{told}\n")

    def outcome(self, outcome: Outcome, serves: str) -> None:
        """How it ended well."""
        if self._json:
            self._object("outcome", {**vars(outcome), "serves": serves})
        else:
            self._write(f"{outcome.operation} done in {outcome.seconds:g} s; {serves}\n")

    def failure(self, message: str, detail: str) -> None:
        """How it ended otherwise."""
        if self._json:
            self._object("failure", {"message": message, "detail": detail})
        else:
            said = f"{detail.rstrip()}\n" if detail else ""
            _written(sys.stderr, f"{said}error: {message}\n")

    def answer(self, kind: str, content: Mapping[str, object], line: str) -> None:
        """An answer: an object of a kind for machines, a line for people."""
        if self._json:
            self._object(kind, content)
        else:
            self._write(f"{line}\n")

    def text(self, text: str) -> None:
        """An answer that is the same for both."""
        self._write(text)

    def _object(self, kind: str, content: Mapping[str, object]) -> None:
        self._write(json.dumps({"type": kind, **content}) + "\n")

    def _write(self, text: str) -> None:
        _written(self._out, text)


def _written(out: TextIO, text: str) -> None:
    """Write it; where nobody reads any more, what is under way goes on all the same."""
    try:
        out.write(text)
        out.flush()
    except OSError:
        # What is left in it is written once more as the process ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)
