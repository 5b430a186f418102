"""The commands that make releases and change what serves."""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from bluegreen import commits
from bluegreen.build import building
from bluegreen.bundle import Bundle, digest
from bluegreen.cli.context import Context
from bluegreen.cli.telling import told_if_it_fails
from bluegreen.cli.waiting import when_unlocked
from bluegreen.delivery import Choose, Delivery, rollback_to
from bluegreen.errors import RefusedError
from bluegreen.hooks import Run, runner
from bluegreen.notifying import Notifying
from bluegreen.plan import Contract, Deploy, Prune, plan
from bluegreen.ports import Outcome
from bluegreen.rehearsal.rehearsing import rehearse
from bluegreen.setup.gathering import named
from bluegreen.site import Site, SystemClock
from bluegreen.ssh.secret_files import SecretFiles

RELEASE = Path("release")
"""Where a release is put together, in the folder of the settings."""


def build(context: Context) -> None:
    """Build a release, push what the registry has not, and put it together in a folder."""
    version, folder = _built(context).release.version, str(_folder(context))
    told = {"version": version, "folder": folder}
    context.console.answer("release", told, f"{version} is in {folder}")


def deploy(context: Context) -> None:
    """Deliver a release: from its folder, or built now."""
    folder: Path | None = context.options.release
    secrets = context.secrets(delivering=True)  # before a build, which takes its time
    with told_if_it_fails(context, "deploy", secrets):
        bundle = Bundle.read(folder) if folder else _built(context)
    contents = {digest(content): content for content in bundle.files.values()}
    _deliver(context, "deploy", lambda _s, _store: Deploy(bundle.release), secrets, contents)


def rollback(context: Context) -> None:
    """Give the traffic back to an earlier release."""
    secrets = context.secrets(delivering=True)
    _deliver(context, "rollback", rollback_to(context.options.version), secrets)


def contract(context: Context) -> None:
    """Remove what only older releases need of the schema."""
    window = context.settings.rollback_window
    secrets = context.secrets(delivering=True)
    _deliver(context, "contract", lambda _state, store: Contract(store.now(), window), secrets)


def prune(context: Context) -> None:
    """Remove releases that nobody goes back to."""
    keep = context.settings.keep.releases
    secrets = context.secrets(delivering=True)
    _deliver(
        context,
        "prune",
        lambda _state, store: Prune(store.versions(), store.served(), keep),
        secrets,
    )


def _built(context: Context) -> Bundle:
    bundle = building.build(
        context.settings, context.checkout, SystemClock(), context.console.progress, os.environ
    )
    bundle.write(_folder(context))
    return bundle


def _folder(context: Context) -> Path:
    given: Path | None = context.options.release
    return given or context.checkout / RELEASE


def _deliver(
    context: Context,
    operation: str,
    choose: Choose,
    secrets: Mapping[str, str],
    contents: Mapping[str, str] = MappingProxyType({}),
) -> None:
    with context.site_with(secrets) as site:
        with told_if_it_fails(context, operation, secrets):
            _check_secrets(site, contents.values())
            if context.options.dry_run:
                _rehearse(context, site, operation, choose, contents)
                return
            outcome = _done(context, site, operation, choose, contents)
        context.console.outcome(outcome, _serves(site))


def _check_secrets(site: Site, compose: Iterable[str]) -> None:
    """See that what Compose files want is there, before anything is touched: of a new service, too.

    Raises:
        RefusedError: it is not.
    """
    needed = frozenset[str]().union(*map(named, compose))
    lacking = needed - SecretFiles(site.connection, site.told.destination.folder).digests().keys()
    if lacking:
        names = ", ".join(sorted(lacking))
        raise RefusedError(f"the server has no secret {names}: `bluegreen setup` brings it there")


def _rehearse(
    context: Context,
    site: Site,
    operation: str,
    choose: Choose,
    contents: Mapping[str, str],
) -> None:
    state = site.store.load()
    steps = plan(state, choose(state, site.store), context.destination.timeouts)
    commands = rehearse(site, operation, steps, contents)
    context.console.rehearsal(steps, commands, context.settings.hooks)


def _done(
    context: Context,
    site: Site,
    operation: str,
    choose: Choose,
    contents: Mapping[str, str],
) -> Outcome:
    journal = site.journal(context.console.record)
    hooks = site.hooks(journal, operation, _runner(context, journal.run.redact))
    delivery = Delivery(
        destination=site.told.name,
        lock=site.lock,
        store=site.store,
        executor=site.executor(journal, contents, hooks),
        notifier=Notifying(context.targets(site.told.secrets)),
        journal=journal,
        clock=site.clock,
        timeouts=context.destination.timeouts,
        hooks=hooks,
        announce=partial(context.console.plan, hooks=context.settings.hooks),
        subjects=partial(commits.subjects, context.checkout),
    )
    return when_unlocked(context, lambda: delivery.do(operation, choose))


def _runner(context: Context, redact: Callable[[str], str]) -> Run:
    def say(line: str) -> None:
        context.console.progress(redact(line))

    return runner(context.settings, context.checkout, os.environ, say)


def _serves(site: Site) -> str:
    state = site.store.load()
    if state.serving is None:
        return "nothing serves"
    return f"{state.serving.version} serves from {state.live}"
