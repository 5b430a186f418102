"""The commands that make releases and change what serves."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from bluegreen import commits
from bluegreen.bundle import Bundle, digest
from bluegreen.cli import building, preparing
from bluegreen.cli.context import Context
from bluegreen.cli.telling import secrets_or_told, told_if_it_fails
from bluegreen.cli.waiting import when_unlocked
from bluegreen.delivery import Choose, Delivery, rollback_to
from bluegreen.engine.lines import LANE_FILE
from bluegreen.errors import RefusedError
from bluegreen.hooks import Run, runner
from bluegreen.journal import Journal
from bluegreen.people import Once
from bluegreen.plan import Contract, Deploy, Prune, Rollback, Wanted, plan
from bluegreen.ports import Outcome
from bluegreen.release import Release
from bluegreen.setup.gathering import named
from bluegreen.site import Site
from bluegreen.state import State
from bluegreen.store import Store

_NO_FILES: Mapping[str, str] = MappingProxyType({})
_NO_NAMES = frozenset[str]()
_LOOK = 20.0  # seconds


def deploy(context: Context) -> None:
    """Deliver a release: from its folder, or built now."""
    folder: Path | None = context.options.release
    set_up, dry_run = context.options.set_up, context.options.dry_run
    coming = preparing.wanted_secrets(context) if set_up and dry_run else _NO_NAMES
    with _ready(context, "deploy", coming) as ready:
        if set_up:
            preparing.setup(context)
        if folder is not None:
            bundle = Bundle.read(folder)
            ready.check_secrets(bundle.files.values())
        elif dry_run:
            choose, files = building.rehearsed(context, ready.site, ready.check_secrets)
            ready.rehearse(choose, files)
            return
        else:
            bundle = building.built(context, ready.site, ready.journal, ready.check_secrets)
        contents = {digest(content): content for content in bundle.files.values()}
        ready.deliver(ready.deploying(bundle.release), contents)


def rollback(context: Context) -> None:
    """Give the traffic back to an earlier release."""
    choose = rollback_to(context.options.version)
    with _ready(context, "rollback") as ready:

        def chosen(state: State, store: Store) -> Wanted:
            wanted = choose(state, store)
            ready.check_secrets_of(wanted)
            return wanted

        ready.deliver(chosen)


def contract(context: Context) -> None:
    """Remove what only older releases need of the schema."""
    window = context.settings.rollback_window
    with _ready(context, "contract") as ready:
        ready.deliver(lambda _state, store: Contract(store.now(), window))


def prune(context: Context) -> None:
    """Remove releases that nobody goes back to."""
    keep = context.settings.keep.releases
    with _ready(context, "prune") as ready:
        ready.deliver(lambda _state, store: Prune(store.versions(), store.served(), keep))


@contextmanager
def _ready(
    context: Context, operation: str, coming: frozenset[str] = _NO_NAMES
) -> "Iterator[_Ready]":
    """What delivers, once it is known that all is there which a delivery is told here."""
    secrets = secrets_or_told(context, operation)
    people = context.people(secrets)
    with context.site_with(secrets) as site:
        journal = site.journal(context.record)
        with told_if_it_fails(context, operation, people, journal):
            yield _Ready(context, operation, site, journal, people, coming)


@dataclass(frozen=True)
class _Ready:
    """A destination that an operation can begin on.

    Attributes:
        coming: The secrets that a setup would bring, of which a dry run brings none.
    """

    context: Context
    operation: str
    site: Site
    journal: Journal
    people: Once | None
    coming: frozenset[str]

    def check_secrets(self, compose: Iterable[str]) -> None:
        """See that what Compose files want is there, before anything is touched.

        Raises:
            RefusedError: it is not; a service may be new, too.
        """
        needed = _NO_NAMES.union(*map(named, compose)) - self.coming
        lacking = needed - self.site.secrets.digests().keys() if needed else needed
        if lacking:
            names = ", ".join(sorted(lacking))
            raise RefusedError(
                f"the server has no secret {names}: `bluegreen setup` brings it there"
            )

    def check_secrets_of(self, wanted: Wanted) -> None:
        """The same for a release that is on the server; to undo what is unfinished needs no more.

        Raises:
            RefusedError: its lane.yml wants a secret that is not there.
        """
        match wanted:
            case Rollback(release) if release is not None:
                file = self._lane_file(release.version)
                self.check_secrets([] if file is None else [file])

    def deploying(self, release: Release) -> Choose:
        """That a release is to serve; once more, and why, where its like is not what was wanted."""

        def choose(state: State, _store: Store) -> Wanted:
            return Deploy(release, anew=self._is_behind(state, release))

        return choose

    def deliver(self, choose: Choose, contents: Mapping[str, str] = _NO_FILES) -> None:
        """Do it, or print what would be done."""
        if self.context.options.dry_run:
            self.rehearse(choose, contents)
            return
        outcome = self._done(choose, contents)
        self.context.trail.end(f"{self.operation} was done before that")
        self.context.console.outcome(outcome, outcome.serves)

    def rehearse(self, choose: Choose, contents: Mapping[str, str] = _NO_FILES) -> None:
        """Print what would be done, and by which commands."""
        context, store = self.context, self.site.store
        state = store.load()
        steps = plan(state, choose(state, store), context.destination.timeouts)
        commands = context.outside.rehearse(self.site, self.operation, steps, contents)
        context.console.rehearsal(steps, commands, context.settings.hooks)

    def _is_behind(self, state: State, release: Release) -> bool:
        live, serving = state.live, state.serving
        if live is None or serving is None or not serving.is_same_as(release):
            return False
        lacks = list(self.site.serving.changes(live, serving, _LOOK))
        if state.operation is None:  # otherwise it is started first, where it is not well
            lacks += self.site.serving.ill(live, serving, _LOOK)
        for each in lacks:
            self.context.console.progress(each)
        return bool(lacks)

    def _lane_file(self, version: str) -> str | None:
        return self.site.files.read(f"releases/{version}/{LANE_FILE}")

    def _done(self, choose: Choose, contents: Mapping[str, str]) -> Outcome:
        context, site = self.context, self.site
        hooks = site.hooks(self.journal, self.operation, self._run_hook())
        delivery = Delivery(
            destination=context.name,
            lock=site.lock,
            store=site.store,
            executor=site.executor(self.journal, contents, hooks),
            notifier=self.people,
            journal=self.journal,
            clock=site.clock,
            timeouts=context.destination.timeouts,
            hooks=hooks,
            announce=partial(context.console.plan, hooks=context.settings.hooks),
            subjects=partial(commits.subjects, context.checkout),
        )
        return when_unlocked(context, lambda: delivery.do(self.operation, choose))

    def _run_hook(self) -> Run:
        context, redact = self.context, self.journal.run.redact

        def say(line: str) -> None:
            context.console.progress(redact(line))

        return runner(context.settings, context.checkout, os.environ, say)
