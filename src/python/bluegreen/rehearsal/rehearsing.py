"""Rehearses a plan: the deployer's own parts do it, and reach nothing that they would change."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from bluegreen.errors import StepError
from bluegreen.hooks import Hooks
from bluegreen.journal import Journal, Listener, Run
from bluegreen.ports import Clock
from bluegreen.rehearsal.commands import RehearsedCommands
from bluegreen.rehearsal.docker import Picture
from bluegreen.rehearsal.files import RehearsedFiles
from bluegreen.rehearsal.script import Script
from bluegreen.settings import Hook
from bluegreen.site import Site, owner
from bluegreen.step import Step

_LOOK_SECONDS = 30.0


class RehearsedClock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._seconds

    def sleep(self, seconds: float) -> None:
        """Be so much later."""
        self._seconds += seconds


def rehearse(
    site: Site, operation: str, steps: Sequence[Step], contents: Mapping[str, str]
) -> Iterator[list[str]]:
    """The lines of each step: what would be run and written, in order.

    Those of a step that would fail come, too, with what would go back then, before it is raised.

    Args:
        site: Where; it is only looked at.
        operation: What to call it, such as `deploy`.
        steps: The plan.
        contents: The Compose files of the release to deliver, by their digests.

    Raises:
        StepError: a step would fail, as far as that can be seen before.
    """
    script = Script()
    there = rehearsed(site, script)
    run = Run("rehearsal", owner(), lambda text: text)
    journal = Journal(there.store, there.clock, run, script.record)
    executor = there.executor(journal, contents, _told_hooks(there, journal, operation, script))
    with there.lock.held("rehearsal") as held:
        for step in steps:
            try:
                executor.do([step], held)
            except StepError:
                yield script.taken()
                raise
            yield script.taken()


def rehearse_alone(site: Site, act: Callable[[Site, Listener], object]) -> list[str]:
    """The lines of what is done without a plan.

    Args:
        site: Where; it is only looked at.
        act: Does it at the site that it is given, and has its journal told of there.
    """
    script = Script()
    act(rehearsed(site, script), script.record)
    return script.taken()


def _told_hooks(site: Site, journal: Journal, operation: str, script: Script) -> Hooks:
    def tell(hook: Hook, _told: Mapping[str, str]) -> None:
        script.tell(f"here: {shlex.join(hook.command)}")

    return site.hooks(journal, operation, tell)


def rehearsed(site: Site, script: Script) -> Site:
    """A site whose parts tell a script what they would change, and change nothing."""
    ground = site.ground
    if ground is None:
        raise TypeError("only what stands on a server can be rehearsed")
    routed = site.balancer.live(_LOOK_SECONDS)
    files = RehearsedFiles(site.files, site.told.destination.folder, script.tell)
    picture = Picture(ground.docker, routed, script.tell)
    commands = RehearsedCommands(
        real=ground.connection,
        files=files,
        picture=picture,
        lines=site.lines,
        tasks=site.told.settings.tasks,
        tell=script.tell,
    )
    clock: Clock = RehearsedClock()
    told = replace(site.told, say=lambda line: script.tell(f"({line})"))
    return replace(site, told=told).on(commands, files, picture, clock)
