"""The commands around deliveries: a server made ready, looked at, and kept up to date."""

import json
import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from bluegreen.cli.context import Context
from bluegreen.cli.waiting import when_unlocked
from bluegreen.commands import Say
from bluegreen.engine.servers import Written
from bluegreen.errors import PortError, SettingsError
from bluegreen.journal import Listener
from bluegreen.lane import Lane
from bluegreen.ports import Notifier
from bluegreen.secret import resolve, run
from bluegreen.setup import doctor as looks
from bluegreen.setup import making
from bluegreen.setup.findings import Finding, Verdict, problem, problems
from bluegreen.setup.gathering import named
from bluegreen.setup.setting_up import Setup, Wanted
from bluegreen.site import Site
from bluegreen.step import Action
from bluegreen.upkeep import Upkeep

_WIDTH = 16


def setup(context: Context) -> None:
    """Make a server ready for deliveries: its folder, and the secrets in it."""
    needed = wanted_secrets(context)
    here = f"destinations.{context.name}."
    secrets = context.settings.secrets(context.name).items()
    values = resolve({p: s for p, s in secrets if p.startswith(here)}, os.environ, run)
    maker = context.settings.build.make_secrets
    complete = None
    if maker is not None:
        timeout = context.settings.build.timeout
        complete = partial(
            making.completed,
            maker,
            checkout=context.checkout,
            environment=context.settings.without_secrets(os.environ),
            timeout=timeout,
        )
    with context.site_with(values) as site:
        wanted = Wanted(
            given=_given(context, values),
            needed=needed,
            once=lambda: _once(site),
            complete=complete,
            how=" ".join(maker or ()),
        )
        one = Setup(
            place=site.place,
            folder=site.secrets,
            lock=site.lock,
            journal=site.journal(context.trail.follow),
            clock=site.clock,
            tell=partial(_tell, context),
        )
        if context.options.dry_run:
            one.look(wanted)
        else:
            when_unlocked(context, lambda: one.do(wanted))
            _tell(context, Finding("setup", Verdict.OK, "the server is ready"))


def doctor(context: Context) -> None:
    """Look at everything that a deploy needs, and tell all that is wrong at once."""
    found: list[Finding] = []

    def tell(findings: Iterable[Finding]) -> None:
        for each in findings:
            found.append(each)
            _tell(context, each)

    here = looks.Here(
        context.settings,
        context.checkout,
        context.settings.secrets(context.name),
        lambda secret: secret.value(os.environ, run),
    )
    tell([Finding("settings", Verdict.OK, str(context.options.settings))])
    tell(here.look())
    known = here.known()
    if context.destination.key and f"destinations.{context.name}.key" not in known:
        tell(looks.unreached("the key for it is not to be had"))
    else:
        needed = frozenset[str]()
        try:
            needed = wanted_secrets(context)
        except SettingsError as error:
            tell([problem("Compose files", str(error))])
        with context.site_with(known) as site:
            there = looks.There(site, needed, _given(context, known))
            tell(there.look())
    wrong = problems(found)
    if wrong:
        raise PortError(f"in the way of a deploy: {len(wrong)} of {len(found)}")
    if not context.json:
        context.console.text(f"in the way of a deploy: none of {len(found)}\n")


def servers(context: Context) -> None:
    """Bring Kafka, PostgreSQL and nginx to the release that serves."""
    secrets = context.secrets(delivering=True)
    people = context.people(secrets)
    with context.site_with(secrets) as site:
        upkeep = _upkeep(context, site, context.record, people, context.console.progress)
        if context.options.dry_run:
            changes = upkeep.look()
            for each in [*changes, *(_rehearsed_servers(context, site) if changes else ())]:
                context.console.progress(each)
            outcome = None
        else:
            changes = []
            outcome = upkeep.do(context.destination.timeouts[Action.SERVERS])
        if outcome is not None:
            context.trail.end("servers was done before that")
            context.console.outcome(outcome, "they are of the release that serves")
        elif not changes:
            context.console.progress("nothing to do: they are of the release that serves")


def wanted_secrets(context: Context) -> frozenset[str]:
    """The names of the secrets that the checkout's Compose files want.

    Raises:
        SettingsError: one of the files cannot be read.
    """
    compose = context.settings.build.compose
    return frozenset[str]().union(
        *(named(_read(context.checkout / file)) for file in (compose.lane, compose.servers))
    )


def _upkeep(
    context: Context, site: Site, listener: Listener, people: Notifier | None, say: Say
) -> Upkeep[Written]:
    return Upkeep(
        destination=context.name,
        servers=site.servers,
        balancer=site.balancer,
        pull=site.engine.pull,
        lock=site.lock,
        store=site.store,
        journal=site.journal(listener),
        notifier=people,
        clock=site.clock,
        say=say,
    )


def _rehearsed_servers(context: Context, site: Site) -> list[str]:
    """What would be run."""
    timeout = context.destination.timeouts[Action.SERVERS]

    def bring(there: Site, listener: Listener) -> None:
        _upkeep(context, there, listener, None, lambda _line: None).do(timeout)

    lines = context.outside.rehearse_alone(site, bring)
    return ["on the server:", *(f"  {line}" for line in lines)]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError("build.compose", [f"{file}: {error.strerror}"]) from None


def _given(context: Context, values: Mapping[str, str]) -> dict[str, str]:
    here = f"destinations.{context.name}.secrets."
    return {p.removeprefix(here): value for p, value in values.items() if p.startswith(here)}


def _once(site: Site) -> frozenset[str]:
    """The secrets that the server was delivered to with."""
    homes = ["servers", *(f"lanes/{lane}" for lane in Lane)]
    files = (site.files.read(f"{home}/compose.yaml") for home in homes)
    return frozenset[str]().union(*(named(content) for content in files if content))


def _tell(context: Context, finding: Finding) -> None:
    if context.json:
        told = {"type": "finding", **vars(finding)}
        context.console.text(json.dumps(told) + "\n")
        return
    said = finding.said.replace("\n", f"\n{'':{_WIDTH + 10}}")
    advice = f"; {finding.advice}" if finding.advice else ""
    context.console.text(f"{finding.verdict:<9} {finding.name:<{_WIDTH}}{said}{advice}\n")
