"""What is written where to make a service, or to remove one; decided before anything is."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import yaml

from scaffold import names
from scaffold.checkout import EXPAND, SERVICES, Checkout
from scaffold.edits import Edit
from scaffold.errors import (
    ChangedError,
    ExistsError,
    LaterRevisionError,
    NoSuchServiceError,
    PlaceError,
    ProtectedError,
    UsedError,
)
from scaffold.registrations import registrations
from scaffold.rendering import rendered
from scaffold.words import Service

PROTECTED = frozenset({"account", "database", "identity"})
_PROSE = (".md",)


@dataclass(frozen=True)
class Plan:
    """What is to be in which files.

    Attributes:
        files: The content of each, by its path; None where there is to be no file.
        edited: Those of them that are there, and stay.
        left: Files that name the service and are left as they are: prose.
    """

    files: Mapping[str, str | None]
    edited: tuple[str, ...]
    left: tuple[str, ...] = ()


def new(checkout: Checkout, service: Service, *, force: bool = False) -> Plan:
    """What makes a service.

    Args:
        checkout: Where.
        service: The service.
        force: Whether files may be edited that differ from the last commit.

    Raises:
        ScaffoldError: it cannot be made.
    """
    if checkout.holds(f"{SERVICES}/{service.name}"):
        raise ExistsError(service.name, [f"{SERVICES}/{service.name}"])
    names.check(service, checkout.taken())
    made = rendered(checkout.root, service, max(checkout.revisions()) + 1)
    if there := [path for path in made if (checkout.root / path).exists()]:
        raise ExistsError(service.name, there)
    edited = _edited(checkout, registrations(service), lambda edit, text: edit.put(text))
    _refuse_changed(checkout, edited, force=force)
    return Plan({**made, **edited}, tuple(edited))


def removal(checkout: Checkout, name: str, *, force: bool = False) -> Plan:
    """What takes a service away.

    Args:
        checkout: Where.
        name: The service.
        force: Whether it goes although its files were changed, or others use it.

    Raises:
        ScaffoldError: it cannot be removed.
    """
    if name in PROTECTED:
        raise ProtectedError(name)
    if name not in checkout.services():
        raise NoSuchServiceError(name, checkout.services())
    revision = next((n for n, title in checkout.revisions().items() if title == name), None)
    service = _found(checkout, name, has_rows=revision is not None)
    made = rendered(checkout.root, service, revision or 0)
    if revision is not None:
        _refuse_later(checkout, name, revision)
    own = {path: None for path in checkout.files() if path in made or _is_own(path, name)}
    if not force and (other := _other(checkout, made, own)):
        raise ChangedError(f"{name} is not as it was made; --force removes it all the same", other)
    edits = registrations(service)
    try:
        edited = _edited(checkout, edits, _taken_if_there if force else _taken)
    except PlaceError as error:
        raise ChangedError(
            f"{name} is not as it was made; --force removes it all the same", [str(error)]
        ) from error
    _refuse_changed(checkout, edited, force=force)
    naming = _naming(checkout, service, {**own, **edited})
    users = [path for path in naming if not path.endswith(_PROSE)]
    if users and not force:
        raise UsedError(name, users)
    return Plan({**own, **edited}, tuple(edited), tuple(naming))


def _found(checkout: Checkout, name: str, *, has_rows: bool) -> Service:
    route = checkout.root / f"infra/nginx/parts/{name}.route.template"
    return Service(name, web=route.exists(), data=has_rows)


def _refuse_later(checkout: Checkout, name: str, revision: int) -> None:
    later = [
        f"{EXPAND}/e{n:04}_{title}.py" for n, title in checkout.revisions().items() if n > revision
    ]
    if later:
        raise LaterRevisionError(f"{EXPAND}/e{revision:04}_{name}.py", later)


def _is_own(path: str, name: str) -> bool:
    return path.startswith((f"{SERVICES}/{name}/", f"src/protos/tandem/{name}/"))


def _other(checkout: Checkout, made: Mapping[str, str], own: Iterable[str]) -> list[str]:
    """Files of the service that are not as they are made, those that are missing among them."""
    return sorted(path for path in {*made, *own} if checkout.read(path) != made.get(path))


def _edited(
    checkout: Checkout, edits: Iterable[Edit], change: Callable[[Edit, str], str]
) -> dict[str, str]:
    contents: dict[str, str] = {}
    for edit in edits:
        before = contents.get(edit.path, checkout.read(edit.path))
        if before is None:
            raise PlaceError(edit.path, "is not there")
        contents[edit.path] = change(edit, before)
    for path, content in contents.items():
        _check_syntax(path, content)
    return contents


def _taken(edit: Edit, content: str) -> str:
    return edit.taken(content)


def _taken_if_there(edit: Edit, content: str) -> str:
    try:
        return edit.taken(content)
    except PlaceError:
        return content


def _check_syntax(path: str, content: str) -> None:
    try:
        if path.endswith(".py"):
            ast.parse(content)
        elif path.endswith(".toml"):
            tomllib.loads(content)
        elif path.endswith(".yml"):
            yaml.compose(content, Loader=yaml.SafeLoader)
    except (SyntaxError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        raise PlaceError(path, f"would not be understood ({error})") from error


def _refuse_changed(checkout: Checkout, paths: Iterable[str], *, force: bool) -> None:
    if not force and (changed := checkout.changed(paths)):
        raise ChangedError(
            "these would be edited, and have changes that are not committed; commit or stash them, "
            "or add --force",
            changed,
        )


def _naming(checkout: Checkout, service: Service, planned: Mapping[str, str | None]) -> list[str]:
    """Files that would still name a service that is gone."""
    named = re.compile(
        rf"\b(?:services|tandem)[./]{service.name}\b|\b{service.name}_pb2"
        rf"|kafka_{service.name}_password|tandem\.database\.v1\.{service.store}\b"
    )
    found = []
    for path in checkout.files():
        try:
            content = planned[path] if path in planned else checkout.read(path)
        except UnicodeDecodeError:
            continue
        if content and named.search(content):
            found.append(path)
    return sorted(found)
