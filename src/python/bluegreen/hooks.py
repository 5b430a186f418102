"""Programs of this machine around the steps of an operation, and at its end: `[hooks]`.

What a hook does is not known here, so it may be run once more: with the step that it goes with, by
a deployer that goes on where another one was killed.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from bluegreen import commands
from bluegreen.errors import PortError
from bluegreen.journal import Journal
from bluegreen.lane import Lane
from bluegreen.settings import Hook, Settings
from bluegreen.settings import Hooks as Wanted
from bluegreen.state import State
from bluegreen.step import Step

type Run = Callable[[Hook, Mapping[str, str]], None]
"""Runs the command of a hook, which is told variables; raises `PortError` if it fails."""


class Hooks:
    """The hooks of one operation.

    Args:
        wanted: Which there are.
        told: Variables that are the same for all.
        run: Runs one.
        journal: Where all is written down.
    """

    def __init__(
        self,
        wanted: Wanted,
        told: Mapping[str, str],
        run: Run,
        journal: Journal,
    ) -> None:
        self._wanted = wanted
        self._told = told
        self._run = run
        self._journal = journal

    def before(self, step: Step, state: State) -> None:
        """Run what comes before a step.

        Raises:
            PortError: it failed, so that the step must not be done.
        """
        hook = self._wanted.before.get(step.action)
        if hook is not None:
            self._journalled(f"before.{step.action}", hook, _of(step, state))

    def after(self, step: Step, state: State) -> None:
        """Run what comes after a step that ended well.

        Raises:
            PortError: it failed, as if the step had.
        """
        hook = self._wanted.after.get(step.action)
        if hook is not None:
            self._journalled(f"after.{step.action}", hook, _of(step, state))

    def ended(self, version: str, live: Lane | None, failed: str | None) -> None:
        """Run what comes at the end, which it does not change: a failure is written down alone.

        Args:
            version: The release that the operation was of.
            live: The lane that has the traffic now.
            failed: The step that failed; empty if it was none, None if all went well.
        """
        name, hook = ("succeeded", self._wanted.succeeded)
        if failed is not None:
            name, hook = ("failed", self._wanted.failed)
        if hook is not None:
            told = {"VERSION": version, "LANE": live or "", "STEP": failed or ""}
            with suppress(PortError, KeyboardInterrupt):
                self._journalled(name, hook, told)

    def _journalled(self, name: str, hook: Hook, told: Mapping[str, str]) -> None:
        variables = {f"BLUEGREEN_{each}": value for each, value in told.items()}
        try:
            with self._journal.stage(name, told["VERSION"]):
                self._run(hook, {**self._told, **variables})
        except PortError as error:
            raise type(error)(f"the hook {name} failed: {error}", error.detail) from error


def runner(
    settings: Settings, folder: Path, environment: Mapping[str, str], say: commands.Say
) -> Run:
    """What runs hooks for real.

    Args:
        settings: Whose secrets no hook is told.
        folder: Where they run.
        environment: What they are told beside.
        say: Is told the lines that they write.
    """
    kept = settings.without_secrets(environment)

    def run(hook: Hook, told: Mapping[str, str]) -> None:
        commands.follow(
            hook.command,
            timeout=hook.timeout,
            folder=folder,
            environment={**kept, **told},
            say=say,
        )

    return run


def _of(step: Step, state: State) -> dict[str, str]:
    """What a hook of a step is told: the release is the one that the operation is of."""
    release = state.operation.release if state.operation else step.release
    version = release.version if release else ""
    return {"VERSION": version, "LANE": step.lane or "", "STEP": step.action}
