"""Plans and settings, for people and for machines."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from bluegreen.build.stages import Stage
from bluegreen.settings import Hooks
from bluegreen.step import Step

_MINUTE = 60


class Plan(TypedDict):
    """A plan as plain values."""

    steps: list[dict[str, object]]
    hooks: dict[str, list[str]]


def plan_for_people(steps: Sequence[Step], hooks: Hooks) -> str:
    """A line a step: what it does, how long it may take, when it is skipped, what undoes it."""
    if not steps:
        return "nothing to do: it is as wanted\n"
    width = max(len(step.name) for step in steps)
    longest = _time(sum(step.timeout for step in steps))
    lines = [f"{len(steps)} steps, {longest} at the most"]
    for number, step in enumerate(steps, 1):
        lines.append(f"{number:>3}  {step.name:<{width}}  {_time(step.timeout):>7}  {step.does}")
        lines.extend(f"{'':>{width + 16}}{note}" for note in _notes(step, hooks))
    lines.extend(_at_the_end(hooks))
    return "\n".join(lines) + "\n"


def commands_for_people(steps: Sequence[Step], commands: Sequence[Sequence[str]]) -> str:
    """What each step runs on the server, a line a command, under the name of the step.

    Args:
        steps: In order.
        commands: Those of each, up to a step that would fail.
    """
    lines = []
    for number, (step, ran) in enumerate(zip(steps, commands, strict=False), 1):
        lines.append(f"{number:>3}  {step.name}")
        lines.extend(f"     {command}" for command in ran)
    return "\n".join(lines) + "\n" if lines else ""


def stages_for_people(stages: Sequence[Stage], *, commands: bool) -> str:
    """A line a stage of a build: what it does here, how long it may take.

    Args:
        stages: In order.
        commands: Whether to say what each runs, too.
    """
    width = max(len(stage.name) for stage in stages)
    longest = _time(sum(stage.timeout for stage in stages))
    lines = [f"built first, in {len(stages)} stages on this machine, {longest} at the most"]
    for number, stage in enumerate(stages, 1):
        told = f"{stage.name:<{width}}  {_time(stage.timeout):>7}  {stage.does}"
        lines.append(f"{number:>3}  {told}")
        lines.extend(f"     {command}" for command in stage.commands if commands)
    return "\n".join(lines) + "\n"


def stage_fields(stages: Sequence[Stage]) -> list[dict[str, object]]:
    """The same as plain values."""
    return [vars(stage) for stage in stages]


def plan_for_machines(steps: Sequence[Step], hooks: Hooks) -> str:
    """The same as JSON: a list of objects, on one line."""
    return json.dumps(plan_fields(steps, hooks)["steps"]) + "\n"


def plan_fields(steps: Sequence[Step], hooks: Hooks) -> Plan:
    """The same as plain values: the steps, and the commands of hooks at the end."""
    ends = {"succeeded": hooks.succeeded, "failed": hooks.failed}
    at_the_end = {name: list(hook.command) for name, hook in ends.items() if hook}
    return {"steps": [_fields(step, hooks) for step in steps], "hooks": at_the_end}


def settings_for_people(settings: Mapping[str, object]) -> str:
    """A line a setting, each by its path."""
    return "".join(f"{line}\n" for line in _lines(settings, ""))


def settings_for_machines(settings: Mapping[str, object]) -> str:
    """The same as JSON, on one line."""
    return json.dumps(settings) + "\n"


def _at_the_end(hooks: Hooks) -> Iterator[str]:
    if hooks.succeeded:
        yield f"if it succeeds, here: {shlex.join(hooks.succeeded.command)}"
    if hooks.failed:
        yield f"if it fails, here: {shlex.join(hooks.failed.command)}"


def _notes(step: Step, hooks: Hooks) -> Iterator[str]:
    for when, hooked in (("before", hooks.before), ("after", hooks.after)):
        if hook := hooked.get(step.action):
            yield f"{when} it, here: {shlex.join(hook.command)}"
    if step.rule.proof:
        yield f"skipped if {step.rule.proof}"
    if step.optional:
        yield "what follows is done though it fails"
    if step.back:
        yield f"undone by {', '.join(step.back)}"


def _fields(step: Step, hooks: Hooks) -> dict[str, object]:
    before, after = hooks.before.get(step.action), hooks.after.get(step.action)
    return {
        "action": step.action,
        "lane": step.lane,
        "version": step.release.version if step.release else None,
        "versions": step.versions,
        "does": step.does,
        "timeout": step.timeout,
        "attempts": step.rule.attempts,
        "skipped_if": step.rule.proof,
        "undone_by": step.back,
        "before": before and before.command,
        "after": after and after.command,
    }


def _lines(value: object, path: str) -> Iterator[str]:
    match value:
        case Mapping() if value:
            for name, inner in value.items():
                yield from _lines(inner, f"{path}.{name}" if path else str(name))
        case _:
            yield f"{path} = {json.dumps(value)}"


def _time(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:g} s"
    return f"{seconds / _MINUTE:.0f} min"
