"""Which names a service may have, and which one would do instead. Pure."""

import builtins
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass

from scaffold.errors import NameRefusedError
from scaffold.words import Service, plural, singular

LEAST, MOST = 2, 16
"""Letters; with more, lines of code and names in PostgreSQL would grow too long."""

_FALLBACK = "services"
_INSTEAD = "items"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PROTO = _words("""
    bool bytes double enum extend extensions fixed32 fixed64 float group import int32 int64 map max
    message oneof option optional package public repeated required reserved returns rpc service
    stream string syntax to weak
""")
_SQL = _words("""
    all and any array as asc between both by case cast check collate column constraint create cross
    current date default delete desc distinct do drop else end except exists false fetch for foreign
    from full grant group having in index inner insert intersect into is join key left like limit
    not null offset on only or order outer primary references right row select session set some
    table then to trigger true union unique update user using values view when where window with
""")
_OURS = _words("""
    admin api arrivals blue broker codegen common configure context controller developer endpoint
    errors fields green healthz infra init initdb internal kafka keys local main metrics migrate
    nginx postgres prepare preview process protos runtime scenario servers settings setup static
    support tandem task tasks test testing tests tools topics transactions
""")
_PYTHON = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins)})
_CLASSES = _PYTHON | _words("base context index mapped session text")
"""What a row cannot be called, since code has a class of that name."""


@dataclass(frozen=True)
class Taken:
    """What a new service must not meet.

    Attributes:
        services: The services that there are.
        others: Other names in the same places: rooms, containers, packages.
        tables: The tables of the database.
        messages: What the contracts of the database define.
    """

    services: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    messages: frozenset[str] = frozenset()


def check(service: Service, taken: Taken) -> None:
    """See that a service can be made by this name.

    Raises:
        NameRefusedError: with the rule that the name breaks, and a name that breaks none.
    """
    if rule := _broken(service, taken):
        raise NameRefusedError(service.name, rule, _suggestion(service, taken))


def _broken(service: Service, taken: Taken) -> str:
    return next(_rules(service, taken), "")


def _rules(service: Service, taken: Taken) -> Iterator[str]:
    name = service.name
    if not re.fullmatch(r"[a-z]+", name):
        yield "it has to be one word of the letters a to z: it becomes a package, a host and a user"
    if not LEAST <= len(name) <= MOST:
        yield f"it has to be {LEAST} to {MOST} letters long"
    words = {
        "Python": _PYTHON,
        "protobuf": _PROTO,
        "SQL": _SQL,
        "this repository": _OURS,
    }
    for whose, reserved in words.items():
        if {name, service.title} & reserved:
            yield f"it is a word of {whose}"
    yield from _meetings(service, taken)


def _meetings(service: Service, taken: Taken) -> Iterator[str]:
    name = service.name
    if name in taken.services:
        yield "there is a service of that name"
    if name in taken.others:
        yield "something else in its place has that name"
    for other in sorted(taken.services):
        if other != name and {name, singular(name)} & {other, singular(other), plural(other)}:
            yield f"nobody would tell it from {other}"
    if service.data:
        yield from _meetings_of_rows(service, taken)


def _meetings_of_rows(service: Service, taken: Taken) -> Iterator[str]:
    if service.record == service.name:
        rule = "a service with data is named after its rows, in the plural"
        yield f"{rule}: each is a {service.name}"
    if service.name in taken.tables:
        yield f"the database has a table {service.name}"
    if met := {service.model, service.store} & taken.messages:
        yield f"the contracts of the database define {' and '.join(sorted(met))}"
    if {service.record, service.model} & _CLASSES:
        yield f"each of its rows would be a {service.record}, which is a word of code"


def _suggestion(service: Service, taken: Taken) -> str:
    letters = re.sub(r"[^a-z]", "", service.name.lower())[:MOST]
    stem = singular(letters)[: MOST - len(_INSTEAD)]
    candidates = [letters, plural(singular(letters)), f"{stem}{_INSTEAD}", _FALLBACK]
    for name in candidates:
        if not _broken(Service(name, service.web, service.data), taken):
            return name
    return f"{stem}more{_INSTEAD}"[-MOST:]
