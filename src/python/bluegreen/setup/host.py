"""What a server must have before anything is delivered to it: facts in, findings out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bluegreen.setup.findings import Finding, ok, problem, warning

OLDEST_ENGINE = (25, 0)
"""The first that knows `start_interval` of health checks, which our Compose files say."""

OLDEST_COMPOSE = (2, 24)
"""The first that gives it to the engine."""

_PACKAGES = {"flock": "util-linux"}
_OTHERWISE = "coreutils"
_NUMBERS = re.compile(r"v?(\d+)\.(\d+)")
_CLOSED = "700"
_ENGINE = "engine"

_DAEMON = (
    'write {"live-restore": true, "userland-proxy": false} into /etc/docker/daemon.json there, and '
    "`systemctl restart docker`: containers, and their published ports, then outlive the engine"
)


@dataclass(frozen=True)
class Host:
    """What a look at a server shows.

    Attributes:
        user: Who the deployer is there.
        kernel: What `uname` says.
        lacks: Programs that are not there, or do not know what they are asked for.
        engine: The version of its Docker engine; empty if it does not answer.
        compose: The version of Compose; empty if it is not there.
        said: What was said instead of a version: by `docker`, by `compose`.
        limits_memory: Whether containers can be held to their memory.
        live_restore: Whether containers outlive the engine.
        folder: Where the deployer's files are to be.
        mode: The folder's mode, such as `700`; empty if there is none.
        secrets_mode: That of the folder of secrets in it.
        owner: Whose it is.
        can_make: Whether the user may make or use it.
    """

    user: str
    kernel: str
    lacks: tuple[str, ...]
    engine: str
    compose: str
    said: Mapping[str, str]
    limits_memory: bool
    live_restore: bool
    folder: str
    mode: str
    secrets_mode: str
    owner: str
    can_make: bool


def judged(host: Host) -> list[Finding]:
    """What is well with a server, and what is not; its folder is another question."""
    found = [_kernel(host), _programs(host), _engine(host), _compose(host)]
    if host.engine:
        found += [_memory(host), _live_restore(host)]
    return found


def folder(host: Host) -> Finding:
    """Whether the deployer's folder is there, and for it alone."""
    name = "folder"
    is_closed = host.mode == _CLOSED and host.secrets_mode in {"", _CLOSED}
    if is_closed and host.owner == host.user:
        return ok(name, host.folder)
    if not can_be_made(host):
        whose = f"belongs to {host.owner}" if host.mode else f"cannot be made by {host.user}"
        advice = f"`sudo install -d -m 0700 -o {host.user} {host.folder}` there"
        return problem(name, f"{host.folder} {whose}", advice)
    said = f"others can look into {host.folder}" if host.mode else f"there is no {host.folder}"
    return problem(name, said, "`bluegreen setup`")


def can_be_made(host: Host) -> bool:
    """Whether this user can have the folder as it should be."""
    return host.can_make and host.owner in {"", host.user}


def engine(version: str) -> Finding:
    """Whether an engine of a version is new enough."""
    if not is_older(version, OLDEST_ENGINE):
        return ok(_ENGINE, f"Docker {version}")
    return problem(
        _ENGINE,
        f"Docker {version} does not know the health checks of our Compose files",
        f"bring the engine to {_dotted(OLDEST_ENGINE)} or newer",
    )


def is_older(version: str, oldest: tuple[int, int]) -> bool:
    """Whether a version, such as `26.1.5+dfsg1` or `v2.26.1-4`, is older; one unread is."""
    found = _NUMBERS.match(version)
    return found is None or (int(found[1]), int(found[2])) < oldest


def _kernel(host: Host) -> Finding:
    if host.kernel == "Linux":
        return ok("system", f"{host.kernel}, as {host.user}")
    return problem("system", f"{host.kernel} is not Linux", "take a server with Linux")


def _programs(host: Host) -> Finding:
    if not host.lacks:
        return ok("programs", "all that the deployer uses there")
    packages = sorted({_PACKAGES.get(each, _OTHERWISE) for each in host.lacks})
    return problem(
        "programs",
        f"missing, or not as the deployer needs them: {', '.join(host.lacks)}",
        f"install {' and '.join(packages)} there (those of BusyBox are not enough)",
    )


def _engine(host: Host) -> Finding:
    name, said = _ENGINE, host.said.get("docker", "")
    if host.engine:
        return engine(host.engine)
    if "permission denied" in said.lower():
        return problem(
            name,
            f"{host.user} may not use Docker",
            f"`sudo usermod -aG docker {host.user}` there, and connect anew",
        )
    if "not found" in said.lower():
        return problem(name, "there is no `docker`", "install Docker there: docs.docker.com/engine")
    advice = "`sudo systemctl enable --now docker` there"
    return problem(name, f"no engine answers: {said}", advice)


def _compose(host: Host) -> Finding:
    name, oldest = "compose", _dotted(OLDEST_COMPOSE)
    if not host.compose:
        advice = f"install the Compose plugin there, {oldest} or newer"
        return problem(name, "there is no `docker compose`", advice)
    if is_older(host.compose, OLDEST_COMPOSE):
        said = f"Compose {host.compose} does not know the health checks of our Compose files"
        return problem(name, said, f"bring the Compose plugin to {oldest} or newer")
    return ok(name, f"Compose {host.compose}")


def _memory(host: Host) -> Finding:
    if host.limits_memory:
        return ok("memory limits", "containers are held to their memory")
    return warning(
        "memory limits",
        "the kernel does not hold containers to their memory: one that leaks takes all of it",
        "boot with cgroup_enable=memory swapaccount=1",
    )


def _live_restore(host: Host) -> Finding:
    if host.live_restore:
        return ok("live-restore", "containers outlive a restart of the engine")
    return warning("live-restore", "a restart of the engine stops all containers", _DAEMON)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def lines(text: str) -> Iterator[tuple[str, str]]:
    """What a server told of itself: a name and a value each line, a tab between."""
    for line in text.splitlines():
        name, tab, value = line.partition("\t")
        if tab:
            yield name, value
