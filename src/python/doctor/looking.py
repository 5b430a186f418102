"""Asks this machine what it has. Nothing is changed, and whatever cannot be asked is not there."""

import os
import re
import resource
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from bluegreen import commands
from bluegreen.errors import PortError
from doctor.machine import Engine, Machine
from doctor.needs import PROGRAMS
from local.checkout import Checkout
from local.port_block import PortBlock, RememberedPort
from local.port_check import is_free
from local.port_owner import owner

_SECONDS = 20.0
_VARIABLES = ("TANDEM_TEST_KAFKA_LIBS", "TANDEM_TEST_CHROMIUM", "TANDEM_TEST_PROMETHEUS")
_UNWATCHED = frozenset({".git", ".local", ".pants.d", "__pycache__", "dist"})
_ELSEWHERE = os.pathsep.join(("/usr/sbin", "/sbin", "/usr/lib/rabbitmq/bin"))
"""Where Debian has programs that are not on the path of users."""


def look(root: Path) -> Machine:
    """Look at the machine, and at the checkout with this top directory."""
    checkout, base = Checkout(root), RememberedPort(root / ".local" / "port").load()
    run = checkout.record().load()
    runs_at = run.url if run is not None and run.alive() else ""
    return Machine(
        root=os.geteuid() == 0,
        launcher=_launcher(root, "official_launcher"),
        pythons={
            version: _launcher(
                root, f"find_python {version} TANDEM_PYTHON{version.replace('.', '')}"
            )
            for version in ("3.13", "3.9")
        },
        programs={name: _program(name) for name in PROGRAMS},
        git=_said(["git", "--version"])[0].removeprefix("git version "),
        java=_java(),
        free_bytes={str(place): shutil.disk_usage(place).free for place in _places(root)},
        memory=_memory(),
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        watches=_watches(),
        folders=_folders(root),
        base=base,
        taken={} if runs_at else _taken(root, base),
        runs_at=runs_at,
        engine=_engine(root),
        environment={name: os.environ[name] for name in _VARIABLES if name in os.environ},
        kept=_kept(),
        placeholders="example.com" in (root / "deploy.toml").read_text(),
    )


def _launcher(root: Path, function: str) -> str:
    """What a function of the launcher prints."""
    return _said(["bash", "-c", f"source ./pants; {function}"], root)[0]


def _program(name: str) -> str:
    return shutil.which(name) or shutil.which(name, path=_ELSEWHERE) or ""


def _java() -> int:
    if not shutil.which("java"):
        return 0
    told = re.search(r"(\d+)", _said(["java", "--version"])[0])
    return int(told[1]) if told else 0


def _kept() -> Mapping[str, str]:
    """By the variables that may name them."""
    cache = Path(os.environ.get("TANDEM_CI_CACHE") or _cache() / "tandem-ci")
    jars = sorted(cache.glob("kafka-*/kafka_*.jar"))
    found = {
        "TANDEM_TEST_KAFKA_LIBS": str(jars[-1].parent) if jars else "",
        "TANDEM_TEST_CHROMIUM": _program("chromium"),
        "TANDEM_TEST_PROMETHEUS": str(cache / "prometheus/usr/bin"),
    }
    return {name: path for name, path in found.items() if path and Path(path).exists()}


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _places(root: Path) -> Sequence[Path]:
    return [root, _cache() if _cache().exists() else Path.home()]


def _memory() -> int | None:
    try:
        told = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(told[1]) * 1024 if told else None


def _watches() -> int | None:
    try:
        return int(Path("/proc/sys/fs/inotify/max_user_watches").read_text())
    except (OSError, ValueError):
        return None


def _folders(root: Path) -> int:
    number = 0
    for _folder, inner, _files in os.walk(root):
        number += 1
        inner[:] = [name for name in inner if name not in _UNWATCHED]
    return number


def _taken(root: Path, base: int) -> Mapping[int, str]:
    block = PortBlock(base)
    further = len(_applications(root)) - len({"account", "database", "identity"})
    wanted = [*block.named().values(), *(block.further(number) for number in range(further))]
    return {port: owner(port) for port in sorted(wanted) if not is_free(port)}


def _applications(root: Path) -> Mapping[str, object]:
    """Those of services.toml; none where it cannot be read, of which `:local` says more."""
    try:
        told = tomllib.loads((root / "infra/kafka/services.toml").read_text())
    except (OSError, ValueError):
        return {}
    found = told.get("applications")
    return found if isinstance(found, dict) else {}


def _engine(root: Path) -> Engine:
    if not shutil.which("docker"):
        return Engine()
    version, why = _said(["docker", "version", "--format", "{{.Server.Version}}"])
    plugins = {
        name: _said(["docker", name, "version", *form])
        for name, form in {"compose": ("--short",), "buildx": ()}.items()
    }
    build = re.search(r"v?\d+\.\d+\S*", plugins["buildx"][0])
    return Engine(
        version=version,
        compose=plugins["compose"][0],
        buildx=build[0] if build else "",
        said={"version": why},
        lacks=_lacking(root) if version else (),
    )


def _lacking(root: Path) -> tuple[str, ...]:
    lines = (root / "infra/images/bases.env").read_text().splitlines()
    images = [line.partition("=")[2] for line in lines if line and not line.startswith("#")]
    has = _said(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"])[0].split()
    return tuple(image for image in images if image not in has)


def _said(command: Sequence[str], folder: Path | None = None) -> tuple[str, str]:
    """What a command says, and else why it says nothing."""
    try:
        return commands.output(command, timeout=_SECONDS, folder=folder).strip(), ""
    except PortError as error:
        return "", (error.detail or str(error)).splitlines()[-1]
