"""Takes apart what a file of definitions says, and says what is wrong with it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping

from grpc_kafka._errors import TopicsError


class DefinitionsError(TopicsError):
    """The file does not define topics; says where, and what is wrong."""


def told_by(text: str, lanes: Iterable[str]) -> tuple[Mapping[str, object], list[str]]:
    """What a file says, and the lanes: those given, or else its own.

    Raises:
        DefinitionsError: it is no such file, or there is no lane.
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionsError(f"it is no TOML: {error}") from error
    known(told, ("lanes", "topics", "applications", "services"), "the file")
    chosen = list(lanes) or texts(told.get("lanes", []), "lanes")
    if not chosen:
        raise DefinitionsError('there is no lane: name some, as in lanes = ["blue", "green"]')
    return told, chosen


def table(told: Mapping[str, object], *names: str) -> Mapping[str, object]:
    """The table of this name, each name within the one before; empty when there is none.

    Raises:
        DefinitionsError: it is something else.
    """
    found: object = told
    for name in names:
        found = found.get(name, {}) if isinstance(found, Mapping) else found
    if not isinstance(found, Mapping):
        raise DefinitionsError(f"{'.'.join(names)} is a table")
    return found


def known(told: Mapping[str, object], names: Iterable[str], where: str) -> None:
    """Hold a table to these names.

    Raises:
        DefinitionsError: it has another.
    """
    unknown = sorted(set(told) - set(names))
    if unknown:
        raise DefinitionsError(f"{where}: {unknown[0]} is not known; {', '.join(names)} are")


def texts(found: object, where: str) -> list[str]:
    """A list of texts.

    Raises:
        DefinitionsError: it is something else.
    """
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise DefinitionsError(f"{where} is a list of texts")
    return found
