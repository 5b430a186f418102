"""The applications of a system: what each serves and calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from grpc_kafka._endpoint import Endpoint
from grpc_kafka.topics._toml import DefinitionsError, known, table, texts, told_by


class Application(NamedTuple):
    """An application, and the full names of the services that it serves and calls."""

    name: str
    serves: list[str]
    calls: list[str]


def read_applications(text: str, lanes: Iterable[str] = ()) -> tuple[list[str], list[Application]]:
    """The lanes and the applications that a file of definitions names.

    Args:
        text: the file's.
        lanes: instead of the file's.

    Raises:
        DefinitionsError: the file is not understood, or there is no lane.
    """
    told, chosen = told_by(text, lanes)
    return chosen, applications_of(told, chosen)


def applications_of(told: Mapping[str, object], lanes: Iterable[str]) -> list[Application]:
    """The same, of a file that was taken apart."""
    own = table(told, "applications")
    found = [_application(name, table(own, name)) for name in own]
    served: dict[str, str] = {}
    for each in found:
        for service in each.serves:
            if served.setdefault(service, each.name) != each.name:
                raise DefinitionsError(
                    f"{service} is served by {served[service]} and by {each.name}"
                )
    _check_names(lanes, [each.name for each in found])
    return found


def _application(name: str, own: Mapping[str, object]) -> Application:
    where = f"applications.{name}"
    known(own, ("serves", "calls"), where)
    serves = texts(own.get("serves", []), f"{where}.serves")
    return Application(name, serves, texts(own.get("calls", []), f"{where}.calls"))


def _check_names(lanes: Iterable[str], applications: list[str]) -> None:
    try:
        for lane in lanes:
            for application in applications or ["any"]:
                Endpoint("nowhere:1", lane, application)
    except ValueError as error:
        raise DefinitionsError(str(error)) from error
