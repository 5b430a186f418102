"""Which requirements a changed lockfile, or list of requirements, changes.

Pants takes any change of a lockfile for one of every package in it. The lockfiles are uv's: each
package says by a comment, `# via`, what requires it; so those that only share the file with what
changed are left alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OPTION = "-"
"""What a comment names a file by: `-r requirements.txt`."""


@dataclass(frozen=True)
class Resolve:
    """A list of requirements that are targets of their own, and what it is locked to.

    Args:
        folder: Of both, and of the targets.
        source: The list.
        lock: The lockfile.
    """

    folder: str
    source: str
    lock: str

    @property
    def files(self) -> tuple[str, str]:
        """Both."""
        return f"{self.folder}/{self.source}", f"{self.folder}/{self.lock}"

    def target(self, name: str) -> str:
        """The target of one that the list names."""
        return f"{self.folder}#{name}"


RESOLVES = (
    Resolve("3rdparty/python", "requirements.txt", "default.lock"),
    Resolve("3rdparty/benchmarks", "peers.txt", "peers.lock"),
)
"""Those of `python_requirements` targets; all others are tools', which reach everything."""


@dataclass
class _Package:
    pins: list[str] = field(default_factory=list)
    via: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Requirements:
    """Requirements, by their names.

    Args:
        changed: Those whose packages, or what these require, are others.
        removed: Those that the list names no more.
    """

    changed: frozenset[str]
    removed: frozenset[str]


def changed_requirements(sources: tuple[str, str], locks: tuple[str, str]) -> Requirements:
    """Compare a list of requirements, and what it is locked to, with those of before.

    Args:
        sources: The list before and after.
        locks: The lockfile before and after.
    """
    before, after = (_listed(source) for source in sources)
    pinned, repinned = (_locked(lock) for lock in locks)
    reached = {name for name in after if before.get(name) != after[name]}
    for package in {*pinned, *repinned}:
        if _pins(pinned, package) != _pins(repinned, package):
            # What required it, and what requires it now.
            reached |= _requiring(pinned, package) | _requiring(repinned, package)
    return Requirements(
        changed=frozenset(_spelled(after[name]) for name in after if name in reached),
        removed=frozenset(_spelled(before[name]) for name in before if name not in after),
    )


def _pins(graph: Mapping[str, _Package], name: str) -> list[str] | None:
    return graph[name].pins if name in graph else None


def _requiring(graph: Mapping[str, _Package], package: str) -> set[str]:
    """The package, and all that require it, near or far."""
    found: set[str] = set()
    waiting = [package]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name].via if name in graph else ()
    return found


def _listed(text: str) -> dict[str, str]:
    """The lines of a list of requirements by the packages' names."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {_normal(_spelled(line)): line for line in lines if _NAME.match(line)}


def _spelled(line: str) -> str:
    """The name that a line begins with, as Pants names its target."""
    found = _NAME.match(line)
    return found.group() if found else ""


def _locked(text: str) -> dict[str, _Package]:
    """The packages of a lockfile of uv's: versions and hashes, and what requires each."""
    graph: dict[str, _Package] = {}
    package = _Package()
    for line in text.splitlines():
        bare = line.strip().removesuffix("\\").strip()
        if bare.startswith("#"):
            by = bare.removeprefix("#").strip().removeprefix("via").strip()
            if by and not by.startswith(_OPTION):
                package.via.add(_normal(by))
        elif not line.startswith(" ") and (name := _NAME.match(bare)):
            package = graph.setdefault(_normal(name.group()), _Package())
            package.pins.append(bare)
        elif bare:
            package.pins.append(bare)
    return graph


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
