"""Releases that a command builds: all that may refuse them is asked before what takes its time."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from bluegreen import preflight
from bluegreen.build.building import Builder
from bluegreen.build.stages import repository, stages
from bluegreen.build.unbuilt import DIGEST, unbuilt
from bluegreen.bundle import Bundle, check_place, digest
from bluegreen.cli.context import Context
from bluegreen.cli.waiting import when_unlocked
from bluegreen.delivery import Choose
from bluegreen.errors import DocumentError, PortError, StepError
from bluegreen.journal import Journal, patiently
from bluegreen.plan import Deploy, plan
from bluegreen.secret import resolve, run
from bluegreen.settings import REGISTRY_PASSWORD
from bluegreen.site import Site, SystemClock, unkept
from bluegreen.step import Action

RELEASE = Path("release")
"""Where a release is put together, in the folder of the settings."""

_LOOK = 20.0  # seconds

type CheckSecrets = Callable[[Iterable[str]], None]
"""Refuses Compose files that want a secret which the server has not."""


def build(context: Context) -> None:
    """Build a release, push what the registry has not, and put it together in a folder."""
    check_place(_folder(context))
    secrets = resolve(context.settings.build_secrets(), os.environ, run)
    builder = _builder(context, secrets, unkept(context.record, secrets))
    context.console.building(list(stages(context.settings)), rehearsed=False)
    bundle = builder.build()
    _write(context, bundle)
    version, folder = bundle.release.version, str(_folder(context))
    told = {"version": version, "folder": folder}
    context.console.answer("release", told, f"{version} is in {folder}")


def built(context: Context, site: Site, journal: Journal, check_secrets: CheckSecrets) -> Bundle:
    """Build a release for a server that would take it now.

    The lock is looked at and not taken: a build may last an hour, and a rollback must not wait for
    it.

    Raises:
        LockedError: somebody else deploys.
        RefusedError: the server lacks a secret, or would not take a release.
        StepError: the server or the registry is not fit for it; nothing was built.
        PortError: the build failed, or what it made cannot be put together.
        DocumentError: where the release would be put together is something else.
    """
    check_place(_folder(context))
    builder = _builder(context, site.told.secrets, journal)
    prepared = builder.prepared()
    context.console.building(list(stages(context.settings)), rehearsed=False)
    check_secrets(prepared.files.values())
    when_unlocked(context, site.lock.check_free)
    state = site.store.load()
    release = unbuilt(context.settings, prepared.revision, prepared.files, state.database)
    plan(state, Deploy(release), context.destination.timeouts)
    _look(context, site, journal, builder)
    bundle = builder.made(prepared)
    _write(context, bundle)
    context.console.progress(f"{bundle.release.version} is in {_folder(context)}")
    return bundle


def rehearsed(
    context: Context, site: Site, check_secrets: CheckSecrets
) -> tuple[Choose, Mapping[str, str]]:
    """Print how a release would be built; what stands for it, to be rehearsed in its turn.

    Returns:
        What is wanted, and the Compose files of it, by their digests.

    Raises:
        DocumentError: where the release would be put together is something else.
        RefusedError: the server lacks a secret.
    """
    check_place(_folder(context))
    prepared = _builder(context, site.told.secrets, unkept(context.record, {})).prepared()
    check_secrets(prepared.files.values())
    context.console.building(list(stages(context.settings)), rehearsed=True)
    revision, files = prepared.revision, prepared.files
    release = unbuilt(context.settings, revision, files, site.store.load().database)
    context.console.progress(
        f"then, with {release.version} for its version and {DIGEST} for its digests, "
        "which nobody knows before it is built:"
    )
    contents = {digest(content): content for content in files.values()}
    return (lambda _state, _store: Deploy(release)), contents


def _builder(context: Context, secrets: Mapping[str, str], journal: Journal) -> Builder:
    login = context.settings.project.registry_login
    known = (login.user, secrets[REGISTRY_PASSWORD]) if login else None
    return Builder(
        settings=context.settings,
        checkout=context.checkout,
        images=context.outside.images(known, os.environ),
        clock=SystemClock(),
        journal=journal,
        say=context.console.progress,
        environment=os.environ,
        render=context.outside.render,
    )


def _look(context: Context, site: Site, journal: Journal, builder: Builder) -> None:
    """See what a deploy's preflight would see, as far as it asks for no release."""
    least, settings = context.destination.least_free_bytes, context.settings
    pushed = repository(settings, settings.built[0])
    try:
        with journal.stage(Action.PREFLIGHT):
            facts = patiently(site.clock, lambda: site.engine.facts(_LOOK))
            preflight.check(facts, least, site.wall())
            patiently(site.clock, lambda: site.engine.reach_registry(pushed, _LOOK))
            builder.ask_registry()
    except PortError as error:
        reason, detail = journal.run.redact(str(error)), journal.run.redact(error.detail)
        raise StepError(
            Action.PREFLIGHT, reason, went_back=True, advice="nothing was built", detail=detail
        ) from error


def _write(context: Context, bundle: Bundle) -> None:
    """Put a release together.

    Raises:
        PortError: it cannot be; `DocumentError` would say that nothing was touched.
    """
    folder = _folder(context)
    try:
        bundle.write(folder)
    except DocumentError as error:
        reason = "; ".join(error.problems)
        raise PortError(
            f"{folder}: {reason}; its images were pushed: run the same command again, which pushes "
            "none of them twice"
        ) from error


def _folder(context: Context) -> Path:
    given: Path | None = context.options.release
    return given or context.checkout / RELEASE
