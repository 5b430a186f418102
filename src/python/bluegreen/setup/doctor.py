"""Everything that a deploy needs, looked at without changing anything: here, and on the server."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bluegreen import commands
from bluegreen.build import rendering
from bluegreen.build.fit import check_fit
from bluegreen.build.images import DockerImages
from bluegreen.build.stages import repository
from bluegreen.engine.images import NO_SUCH_TAG
from bluegreen.errors import PortError
from bluegreen.notifying import Notifying
from bluegreen.preflight import MAX_SKEW
from bluegreen.secret import Secret
from bluegreen.settings import REGISTRY_PASSWORD, Settings
from bluegreen.setup import gathering, host
from bluegreen.setup.findings import Finding, looked, ok, problem, warning
from bluegreen.site import Site

_SECONDS = 20.0


@dataclass(frozen=True)
class Here:
    """What is looked at on this machine.

    Attributes:
        settings: The whole file.
        checkout: The folder that it is in.
        secrets: What the destination needs, by their paths.
        value: Gives a secret; raises ValueError.
    """

    settings: Settings
    checkout: Path
    secrets: Mapping[str, Secret]
    value: Callable[[Secret], str]

    def look(self) -> Iterator[Finding]:
        """What a build and a push need."""
        yield from looked("programs here", self._programs)
        yield from looked("Compose files", self._files)
        yield from looked("secrets", self._secrets)
        yield from looked("registry", self._registry)
        yield from looked("notify", self._notify)

    def known(self) -> dict[str, str]:
        """The secrets that are to be had."""
        found = {}
        for path, secret in self.secrets.items():
            try:
                found[path] = self.value(secret)
            except ValueError:
                continue
        return found

    def _programs(self) -> Iterator[Finding]:
        program = self.settings.build.command[0]
        if not (shutil.which(program) or (self.checkout / program).exists()):
            yield problem("build", f"there is no {program}", "see build.command of the settings")
        asked = {
            "git": (["git", "-C", str(self.checkout), "rev-parse", "HEAD"], "commit it with git"),
            "docker": (
                ["docker", "version", "--format", "{{.Server.Version}}"],
                "install Docker, start it, and see that this user may use it",
            ),
            "compose": (
                ["docker", "compose", "version", "--short"],
                "install the Compose plugin on this machine",
            ),
        }
        for name, (command, advice) in asked.items():
            try:
                said = commands.output(command, timeout=_SECONDS, folder=self.checkout).strip()
                yield ok(f"{name} here", said)
            except PortError as error:
                wrote = f"{error}: {error.detail}" if error.detail else str(error)
                yield problem(f"{name} here", wrote, advice)

    def _files(self) -> Finding:
        compose = self.settings.build.compose
        files = {"lane.yml": compose.lane, "servers.yml": compose.servers}
        check_fit(
            self.settings,
            {name: rendering.render(self.checkout / path) for name, path in files.items()},
        )
        return ok("Compose files", "fit the settings")

    def _secrets(self) -> Iterator[Finding]:
        wrong = 0
        for path, secret in self.secrets.items():
            try:
                self.value(secret)
            except ValueError as error:
                wrong += 1
                yield problem("secrets", f"{path}: {error}")
        if not wrong:
            yield ok("secrets", f"{len(self.secrets)} that the settings name are to be had")

    def _registry(self) -> Finding:
        login, password = self.settings.project.registry_login, self.known().get(REGISTRY_PASSWORD)
        images = DockerImages((login.user, password) if login and password else None)
        asked = repository(self.settings, self.settings.built[0])
        images.digest(asked, NO_SUCH_TAG, _SECONDS)
        return ok("registry", f"{asked} answers this machine")

    def _notify(self) -> Finding:
        urls = [value for path, value in self.known().items() if path.startswith("notify[")]
        Notifying(urls)
        return ok("notify", f"{len(urls)} will be told" if urls else "nobody is to be told")


@dataclass(frozen=True)
class There:
    """What is looked at on the server.

    Attributes:
        site: The server.
        needed: The names of those that the Compose files want.
        given: Those that the settings give.
    """

    site: Site
    needed: frozenset[str]
    given: Mapping[str, str] = field(repr=False)

    def look(self) -> Iterator[Finding]:
        """What a delivery needs."""
        address = self.site.told.destination.address
        try:
            there = self.site.place.look()
        except PortError as error:
            yield problem("SSH", str(error))
            return
        yield ok("SSH", f"{address} lets us in")
        yield from host.judged(there)
        yield host.folder(there)
        if there.engine:
            yield from looked("room", self._room_and_clock)
            yield from looked("registry there", self._registry)
        yield from looked("secrets there", self._secrets)
        yield from looked("state", self._state)
        yield from looked("lock", self._lock)

    def _room_and_clock(self) -> Iterator[Finding]:
        facts = self.site.engine.facts(_SECONDS)
        least = self.site.told.destination.least_free_bytes
        free = f"{facts.free_bytes / 1e9:.1f} GB are free"
        if facts.free_bytes < least:
            yield problem("room", f"{free} of {least / 1e9:.1f} wanted", "prune, or add room")
        else:
            yield ok("room", free)
        skew = abs(facts.now.timestamp() - time.time())
        if skew > MAX_SKEW:
            yield problem("clock", f"{skew:.0f} s off", "set it by NTP, here and there")
        else:
            yield ok("clock", f"{skew:.1f} s off")

    def _registry(self) -> Finding:
        settings = self.site.told.settings
        asked = repository(settings, settings.built[0])
        self.site.engine.reach_registry(asked, _SECONDS)
        return ok("registry there", f"{asked} answers the server")

    def _secrets(self) -> Finding:
        compared = gathering.compare(self.site.secrets, self.given, self.needed, ())
        lacking, advice = sorted(self.needed - compared.there), "`bluegreen setup`"
        if lacking:
            return problem("secrets there", f"none of {', '.join(lacking)}", advice)
        if compared.replaced:
            other = ", ".join(compared.replaced)
            return warning("secrets there", f"other ones than the settings give: {other}", advice)
        return ok("secrets there", f"all {len(self.needed)} that the Compose files want")

    def _state(self) -> Finding:
        state = self.site.store.load()
        if state.operation is not None:
            unfinished = f"{state.operation.kind} of {state.operation.release.version}"
            advice = "the same command finishes it, `rollback` undoes it"
            return warning("state", f"{unfinished} is unfinished", advice)
        if state.serving is None:
            return ok("state", "nothing was delivered yet")
        return ok("state", f"{state.serving.version} serves from {state.live}")

    def _lock(self) -> Finding:
        holder = self.site.lock.holder()
        if holder is None:
            return ok("lock", "nobody deploys")
        if self.site.lock.is_stale(holder):
            return ok("lock", f"left by {holder}; the next one takes it over")
        return problem("lock", f"{holder} deploys", "wait, or, if they are gone, `lock release`")


def unreached(reason: str) -> Sequence[Finding]:
    """What there is to say of a server that cannot be asked."""
    return [problem("SSH", f"the server was not looked at: {reason}")]
