"""The secrets of a server: what it needs, what it has, what the settings give, and what is made.

Some belong together: a database's password and the URLs that hold it. So what is missing is made
beside those that are there, never apart from them; and whatever would change one of those is
refused.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

import yaml

from bluegreen.bundle import digest
from bluegreen.errors import PortError, RefusedError, SettingsError

type Complete = Callable[[Mapping[str, str]], Mapping[str, str]]
"""Given the secrets that there are: all of them, and those that were missing."""


class SecretFolder(Protocol):
    """Where the secrets of a server are."""

    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of each."""

    def read(self, name: str) -> str:
        """One of them."""

    def write(self, name: str, content: str) -> None:
        """Put one there, in the place of what was there, at once and for good."""


@dataclass(frozen=True)
class Compared:
    """The secrets of a server beside what is wanted of them; names alone.

    Attributes:
        needed: What the Compose files name.
        there: What the server has.
        added: What the settings give, and the server has not.
        replaced: What the settings give otherwise than the server has it.
        missing: What neither has.
        lost: What is missing and was there: the server was delivered to with it.
    """

    needed: frozenset[str]
    there: frozenset[str]
    added: tuple[str, ...]
    replaced: tuple[str, ...]
    missing: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True)
class Gathered:
    """What is to be put on a server.

    Attributes:
        contents: The secrets themselves, by their names.
        made: Those that nobody had.
        following: Those that hold another one which the settings have changed.
    """

    contents: Mapping[str, str] = field(repr=False)
    made: tuple[str, ...] = ()
    following: tuple[str, ...] = ()


def compare(
    folder: SecretFolder, given: Mapping[str, str], needed: Iterable[str], once: Iterable[str]
) -> Compared:
    """See what a server has, and what it lacks.

    Args:
        folder: Its secrets.
        given: Those that the settings name.
        needed: The names in the Compose files to deliver.
        once: The names in the Compose files that it was delivered to with.
    """
    there, wanted = folder.digests(), frozenset(needed)
    missing = wanted - there.keys() - given.keys()
    known = given.keys() & there.keys()
    return Compared(
        needed=wanted,
        there=frozenset(there),
        added=tuple(sorted(given.keys() - there.keys())),
        replaced=tuple(sorted(name for name in known if digest(given[name]) != there[name])),
        missing=tuple(sorted(missing)),
        lost=tuple(sorted(missing.intersection(once))),
    )


def gather(
    compared: Compared, folder: SecretFolder, given: Mapping[str, str], complete: Complete | None
) -> Gathered:
    """Have all that the server lacks; changes nothing there.

    Args:
        compared: What it has.
        folder: Its secrets.
        given: Those that the settings name.
        complete: Makes what is missing.

    Raises:
        RefusedError: secrets were lost, or what is made would not fit those that are there.
        SettingsError: some are missing, and nothing makes them.
        PortError: the server cannot be asked, or what makes them failed.
    """
    check(compared, can_make=complete is not None)
    changed = {name: given[name] for name in (*compared.added, *compared.replaced)}
    alone = compared.there - given.keys()
    if complete is None or not (compared.missing or (changed and alone)):
        return Gathered(changed)
    known = {name: _read(folder, name) for name in sorted(alone)} | dict(given)
    whole = complete(known)
    made = tuple(sorted(whole.keys() - known.keys()))
    other = tuple(sorted(name for name in known if not _same(whole.get(name), known[name])))
    if still := sorted(set(compared.missing).difference(whole)):
        raise SettingsError("build.make-secrets", [f"it makes no {name}" for name in still])
    contradicting = [name for name in other if name in given]
    if contradicting or (other and (made or not compared.replaced)):
        raise RefusedError(
            f"what was made ({', '.join(made) or 'nothing'}) goes with another "
            f"{', '.join(contradicting or other)} than there is, so nothing was put on the server: "
            "give the secrets that belong together all by the settings, or none of them"
        )
    return Gathered(changed | {name: whole[name] for name in (*made, *other)}, made, other)


def check(compared: Compared, *, can_make: bool) -> None:
    """See that what is missing may be made.

    Raises:
        RefusedError: some of it was there once, and is kept by what has its data there.
        SettingsError: nothing makes it.
    """
    if compared.lost:
        raise RefusedError(
            f"the server has lost {', '.join(compared.lost)}: PostgreSQL and Kafka there know what "
            "they were, and let nobody in with others; bring them back from a backup, into the "
            "folder of secrets or by the settings"
        )
    if compared.missing and not can_make:
        problems = [f"neither they nor the server have {name}" for name in compared.missing]
        raise SettingsError("the secrets of the destination", problems)


def named(content: str) -> frozenset[str]:
    """The names of the files of secrets that a Compose file wants."""
    secrets = (yaml.load(content, Loader=_Loader) or {}).get("secrets") or {}  # noqa: S506 - safe
    files = (each["file"] for each in secrets.values() if each and "file" in each)
    return frozenset(PurePosixPath(file).name for file in files)


def _read(folder: SecretFolder, name: str) -> str:
    content = folder.read(name)
    if digest(content) != folder.digests().get(name):
        raise PortError(f"{name} on the server is no text in UTF-8; give it by the settings")
    return content


def _same(one: str | None, other: str) -> bool:
    # Whoever prints a secret may have taken the end of its line, or added one.
    return one is not None and one.rstrip("\n") == other.rstrip("\n")


class _Loader(yaml.SafeLoader):
    """Reads what Compose alone understands, such as `!reset`, as nothing."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
