"""What each command needs of a machine: facts in, findings out. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bluegreen.setup.findings import Finding, ok, problem, warning
from bluegreen.setup.host import OLDEST_COMPOSE, OLDEST_ENGINE, is_older
from doctor.machine import Machine

GIGABYTE = 10**9
OLDEST_GIT = (2, 38)
"""Which merges without a work tree."""

OLDEST_JAVA = 17
LEAST_MEMORY = 1 * GIGABYTE
LEAST_FILES = 1024
"""Open files; Kafka's client and Pants' daemon have many."""

_AS_ROOT = 'sudo env "HOME=$HOME" "PATH=$PATH" .ci/run'

_DISK = {"code": 5 * GIGABYTE, "images": 15 * GIGABYTE}
"""What Pants and its packages take, and what images take beside them."""

_KAFKA, _CHROMIUM, _PROMETHEUS = (
    f"TANDEM_TEST_{each}" for each in ("KAFKA_LIBS", "CHROMIUM", "PROMETHEUS")
)
_PACKAGES = {
    "chromium": "chromium",
    "docker-registry": "docker-registry",
    "dockerd": "docker.io",
    "git": "git",
    "go": "golang-go",
    "ip": "iproute2",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "mvn": "maven",
    "nats-server": "nats-server",
    "rabbitmq-server": "rabbitmq-server",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "sshd": "openssh-server",
}
"""Debian's package of each program; `.ci/run` installs most of them by itself."""

_INSTALLED = tuple(name for name in _PACKAGES if name not in {"git", "go", "setpriv"})

PROGRAMS = ("apt-get", "docker", *_PACKAGES)
"""All programs that are asked for."""

type Check = Callable[[Machine], Finding]


@dataclass(frozen=True)
class Command:
    """A command of the repository.

    Attributes:
        line: How it is given.
        checks: What it needs.
        in_readme: Whether the README promises that it works on a machine with git and Python.
    """

    line: str
    checks: tuple[Check, ...]
    in_readme: bool = False

    def look(self, machine: Machine) -> list[Finding]:
        """What there is to say of the machine."""
        return [check(machine) for check in self.checks]


def pythons(machine: Machine) -> Finding:
    """The interpreters that Pants and the product run on."""
    wanted = ["3.13", *([] if machine.launcher else ["3.9"])]
    lacking = [version for version in wanted if not machine.pythons.get(version)]
    if lacking:
        versions = " ".join(lacking)
        return problem("CPython", f"{versions} not found", f"`uv python install {versions}`")
    found = ", ".join(f"{each} in {machine.pythons[each]}" for each in wanted)
    return ok("CPython", f"{found}{'; Pants by its launcher' if machine.launcher else ''}")


def program(name: str, why: str = "") -> Check:
    """A program that is to be on PATH."""

    def check(machine: Machine) -> Finding:
        if found := machine.programs.get(name):
            return ok(name, found)
        return problem(name, f"not found{why}", f"install it (Debian: {_PACKAGES[name]})")

    return check


def merging(machine: Machine) -> Finding:
    """A git that merges without touching the work tree."""
    if not machine.git:
        return program("git")(machine)
    if is_older(machine.git, OLDEST_GIT):
        return problem("git", f"{machine.git} is too old", f"{_dotted(OLDEST_GIT)} or newer")
    return ok("git", machine.git)


def disk(purpose: str) -> Check:
    """Room for what is built."""

    def check(machine: Machine) -> Finding:
        least = _DISK[purpose]
        folder, free = min(machine.free_bytes.items(), key=lambda each: each[1])
        said = f"{free / GIGABYTE:.1f} GB are free for {folder}"
        if free < least:
            return problem("disk", f"{said}, of {least / GIGABYTE:.0f} wanted", "make room")
        return ok("disk", said)

    return check


def memory(machine: Machine) -> Finding:
    """Room for the processes."""
    if machine.memory is None:
        return ok("memory", "not told by this system")
    said = f"{machine.memory / GIGABYTE:.1f} GB can be had"
    if machine.memory < LEAST_MEMORY:
        return warning("memory", said, f"{LEAST_MEMORY / GIGABYTE:.0f} is little; end something")
    return ok("memory", said)


def files(machine: Machine) -> Finding:
    """Open files."""
    said = f"a process may have {machine.open_files} open"
    if machine.open_files < LEAST_FILES:
        return warning("open files", said, f"`ulimit -n {LEAST_FILES}` or more")
    return ok("open files", said)


def watches(machine: Machine) -> Finding:
    """Being told of saved files, as Pants' daemon and `:local` both are."""
    if machine.watches is None:
        return ok("inotify", "this system has no such limit")
    said, least = f"{machine.watches} folders can be watched", 4 * machine.folders
    if machine.watches < least:
        return problem(
            "inotify",
            f"{said}, and this checkout wants {least}",
            f"`sudo sysctl fs.inotify.max_user_watches={max(least, 65536)}`",
        )
    return ok("inotify", said)


def ports(machine: Machine) -> Finding:
    """The ports of `:local`."""
    if machine.runs_at:
        return ok("ports", f"this checkout runs, at {machine.runs_at}")
    if machine.taken:
        owners = "; ".join(f"{port} is used by {who}" for port, who in machine.taken.items())
        advice = f"end that, or `./pants run :local -- --port {machine.base + 1000}`"
        return problem("ports", owners, advice)
    return ok("ports", f"free from {machine.base} on")


def postgres(machine: Machine) -> Finding:
    """PostgreSQL refuses to be run by root."""
    if machine.root and not machine.programs.get("setpriv"):
        return program("setpriv", ", and PostgreSQL does not run as root")(machine)
    return ok("PostgreSQL", "comes from PyPI, with nginx and a broker")


def tools(_machine: Machine) -> Finding:
    """What nobody has to install."""
    return ok("tools", "ruff, mypy, buf, shellcheck and hadolint come from PyPI by themselves")


def engine(machine: Machine) -> Finding:
    """A Docker engine that this user may use."""
    version, said = machine.engine.version, machine.engine.said.get("version", "")
    if not machine.programs.get("docker"):
        return problem("Docker", "there is no `docker`", "install Docker: docs.docker.com/engine")
    if not version:
        denied = "permission denied" in said.lower()
        advice = "`sudo usermod -aG docker $USER`, and log in anew" if denied else "start it"
        return problem("Docker", f"no engine answers: {said}", advice)
    if is_older(version, OLDEST_ENGINE):
        return problem("Docker", f"{version} is too old", f"{_dotted(OLDEST_ENGINE)} or newer")
    return ok("Docker", version)


def compose(machine: Machine) -> Finding:
    """The Compose plugin."""
    return _plugin("Compose", machine.engine.compose, OLDEST_COMPOSE)


def buildx(machine: Machine) -> Finding:
    """The plugin that builds images."""
    return _plugin("buildx", machine.engine.buildx, (0, 10))


def bases(machine: Machine) -> Finding:
    """The images that ours start from."""
    if not machine.engine.version:
        return problem("base images", "no engine was asked", "see Docker")
    if machine.engine.lacks:
        return warning(
            "base images",
            f"the engine has no {', '.join(machine.engine.lacks)}",
            "it pulls them; where no registry can be reached, `infra/images/make-bases` makes them",
        )
    return ok("base images", "the engine has them")


def java(machine: Machine) -> Finding:
    """What Apache Kafka runs on."""
    if machine.java < OLDEST_JAVA:
        said = f"Java {machine.java} is too old" if machine.java else "there is no Java"
        advice = f"install {OLDEST_JAVA} or newer (Debian: default-jre-headless)"
        return problem("Java", said, advice)
    return ok("Java", str(machine.java))


def kafka(machine: Machine) -> Finding:
    """Apache Kafka's jars, as suites are told of them."""
    has_maven = machine.programs.get("mvn")
    maven = "" if has_maven else "install Maven (Debian: maven); "
    return _told(machine, _KAFKA, f"{maven}`.ci/run` fetches them")


def kafka_found(machine: Machine) -> Finding:
    """Apache Kafka's jars, as benchmarks find them by themselves."""
    if kept := machine.kept.get(_KAFKA):
        return ok(_KAFKA, f"not needed: {kept} is there")
    return kafka(machine)


def chromium(machine: Machine) -> Finding:
    """A browser."""
    return _told(machine, _CHROMIUM, "install it (Debian: chromium), and set it to its path")


def prometheus(machine: Machine) -> Finding:
    """The programs of Prometheus."""
    return _told(machine, _PROMETHEUS, "`.ci/run` fetches them")


def superuser(machine: Machine) -> Finding:
    """A second engine, which plays the server, is root's."""
    if machine.root:
        return ok("root", "may run a second engine")
    return warning("root", "suites of deliveries skip: a second engine is root's", "as root")


def only_superuser(machine: Machine) -> Finding:
    """What skips no suite is root's."""
    if machine.root:
        return ok("root", "may run a second engine")
    return problem("root", "only root may run all suites", f"`{_AS_ROOT}`")


def packages(machine: Machine) -> Finding:
    """What `.ci/run` installs by itself."""
    lacking = ", ".join(name for name in _INSTALLED if not machine.programs.get(name))
    if not lacking:
        return ok("packages", "nothing lacks that is installed")
    if machine.programs.get("apt-get"):
        return ok("packages", f"{lacking}: installed by apt-get, as it begins")
    return problem("packages", f"no apt-get installs {lacking}", "install them")


def settings(machine: Machine) -> Finding:
    """deploy.toml."""
    if machine.placeholders:
        advice = "name your registry and server: docs/deploying.md"
        return problem("deploy.toml", "names those of the example", advice)
    return ok("deploy.toml", "names a server; `./pants run :bluegreen -- doctor` looks at it")


_GO = program("go", "; 1.21 or newer fetches the release that is asked for, by GOTOOLCHAIN=auto")
_PANTS = (pythons, program("git"), files, watches)
_DOCKER = (engine, compose, buildx, bases)
_SERVER = tuple(program(name) for name in ("docker-registry", "dockerd", "ip", "iptables"))
_SSH = tuple(program(name) for name in ("ssh", "sshd"))

COMMANDS = (
    Command("./pants run :local", (*_PANTS, disk("code"), memory, ports, postgres), in_readme=True),
    Command("./pants test ::", (*_PANTS, disk("code"), memory, postgres), in_readme=True),
    Command("./pants fmt|lint|check ::", (*_PANTS, disk("code"), tools)),
    Command(
        "./pants run build-support/ci:merge-check",
        (pythons, merging, files, watches, disk("code"), tools),
    ),
    Command("./pants run build-support:workflows", (*_PANTS, _GO)),
    Command("./pants package ::", (*_PANTS, disk("images"), engine, buildx, bases)),
    Command("docker compose up   (in infra/compose)", (engine, compose, disk("images"))),
    Command("suites on real servers", (java, kafka, chromium, prometheus)),
    Command("suites in Docker", (*_DOCKER, superuser, *_SERVER, *_SSH)),
    Command("infra/images/make-bases", (engine, program("mmdebstrap"), program("mvn"))),
    Command("infra/images/make-bases observability", (engine, program("mmdebstrap"), _GO)),
    Command(
        "./pants run benchmarks:transport",
        (java, kafka_found, program("nats-server"), program("rabbitmq-server")),
    ),
    Command("./pants run :bluegreen -- deploy", (*_PANTS, engine, compose, buildx, settings)),
    Command(".ci/run", (*_PANTS, disk("images"), memory, only_superuser, _GO, packages)),
)
"""What people do here, in the order in which they come to it."""


def in_the_way(found: Mapping[str, Iterable[Finding]]) -> list[str]:
    """The README's commands that cannot work."""
    return [
        command.line
        for command in COMMANDS
        if command.in_readme and any(each.verdict == "problem" for each in found[command.line])
    ]


def _told(machine: Machine, variable: str, advice: str) -> Finding:
    if value := machine.environment.get(variable):
        return ok(variable, value)
    kept = machine.kept.get(variable)
    return problem(variable, "not set", f"set it to {kept}" if kept else advice)


def _plugin(name: str, version: str, oldest: tuple[int, int]) -> Finding:
    if not version:
        return problem(name, "not there", f"install Docker's plugin, {_dotted(oldest)} or newer")
    if is_older(version, oldest):
        return problem(name, f"{version} is too old", f"{_dotted(oldest)} or newer")
    return ok(name, version)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
