"""What is shown of a run."""

import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bluegreen.cli.console import Console
from bluegreen.errors import PortError
from bluegreen.settings import Hook, Hooks
from bluegreen.step import Action, Step
from bluegreen.store import Event, Record

TWICE = [Step(action, 10.0) for action in (Action.TURN_BACK, Action.END, Action.BEGIN, Action.END)]


def record(step: str, event: Event, detail: str = "") -> Record:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Record(at=at, run="r", owner="anna", step=step, event=event, seconds=1.5, detail=detail)


def shown(*records: Record, as_json: bool = False) -> list[str]:
    out = io.StringIO()
    console = Console(as_json=as_json, out=out)
    console.plan(TWICE, Hooks())
    before = len(out.getvalue())
    for each in records:
        console.record(each)
    return out.getvalue()[before:].splitlines()


def done(*names: str) -> list[Record]:
    return [record(name, event) for name in names for event in (Event.STARTED, Event.SUCCEEDED)]


def test_steps_are_counted_as_they_come_also_where_one_comes_twice() -> None:
    lines = shown(*done("turn-back", "end", "begin", "end"))
    assert [line.split()[0] for line in lines] == ["1/4", "2/4", "3/4", "4/4"]


def test_hooks_are_shown_beside_their_steps_and_those_of_the_end_after_them() -> None:
    hook = Hook(command=("./tell", "all of them"))
    hooks = Hooks(before={Action.PULL: hook}, after={Action.PULL: hook}, failed=hook)
    steps = [Step(Action.PULL, 10.0)]
    out, machine = io.StringIO(), io.StringIO()
    Console(as_json=False, out=out).plan(steps, hooks)
    lines = out.getvalue().splitlines()
    [step] = [number for number, line in enumerate(lines) if "  pull" in line]
    assert [line.strip() for line in lines[step + 1 : step + 3]] == [
        "before it, here: ./tell 'all of them'",
        "after it, here: ./tell 'all of them'",
    ]
    assert lines[-1] == "if it fails, here: ./tell 'all of them'"
    Console(as_json=True, out=machine).plan(steps, hooks)
    plan = json.loads(machine.getvalue())
    assert plan["steps"][0]["before"] == ["./tell", "all of them"]
    assert plan["hooks"] == {"failed": ["./tell", "all of them"]}


def test_what_undoes_a_failed_step_is_no_part_of_the_plan() -> None:
    failed = record("end", Event.FAILED, "no room")
    lines = shown(
        *done("turn-back"), record("end", Event.STARTED), failed, *done("turn-back", "end")
    )
    assert [line.split()[0] for line in lines] == ["1/4", "2/4", "turn-back", "end"]
    assert lines[1].split()[-3:] == ["FAILED", "no", "room"]


def test_a_machine_reads_an_object_a_line() -> None:
    lines = shown(*done("turn-back"), as_json=True)
    assert [json.loads(line)["event"] for line in lines] == ["started", "succeeded"]
    assert {json.loads(line)["type"] for line in lines} == {"step"}


def test_what_is_under_way_goes_on_where_nobody_reads_any_more() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with open(writes, "w", encoding="utf-8") as out:  # noqa: PTH123 - a descriptor
        console = Console(as_json=False, out=out)
        console.plan(TWICE, Hooks())
        for each in done("turn-back", "end"):
            console.record(each)


@pytest.mark.parametrize("as_json", [False, True])
def test_what_would_be_run_before_a_step_that_would_fail_is_shown(*, as_json: bool) -> None:
    def commands() -> Iterator[list[str]]:
        yield ["first"]
        yield ["second"]
        raise PortError("it is away")

    out = io.StringIO()
    console = Console(as_json=as_json, out=out)
    with pytest.raises(PortError, match="it is away"):
        console.rehearsal(TWICE, commands(), Hooks())
    if as_json:
        steps = json.loads(out.getvalue())["steps"]
        assert [step["commands"] for step in steps] == [["first"], ["second"], [], []]
    else:
        said = out.getvalue().partition("on the server:\n")[2].split()
        assert said == ["1", "turn-back", "first", "2", "end", "second"]
