"""The Compose files, of the whole and of each service alone, by themselves and by Compose."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.requirements import missing

_WHOLE = Path("infra/compose/docker-compose.yml")
FILES = [_WHOLE, *sorted(Path("src/python/services").glob("*/docker-compose.yml"))]
_NAMED = ("networks", "secrets", "volumes")


class _Loader(yaml.SafeLoader):
    """Reads Compose's own tags as what stands behind them; refuses a key that is there twice."""


def _own(loader: _Loader, _tag: str, node: yaml.Node) -> object:
    match node:
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
    return None


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    twice = {str(key) for key in keys if keys.count(key) > 1}
    assert not twice, f"{', '.join(sorted(twice))} is there twice{node.start_mark}"
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _own)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a safe one
    return content


def included(path: Path) -> Iterator[dict[str, Any]]:
    """What a file says, and all that it includes."""
    content = read(path)
    yield content
    for name in content.get("include", ()):
        yield from included(path.parent / name)


def extended(path: Path, service: dict[str, Any]) -> dict[str, Any]:
    """A service, with what it has of the one that it extends."""
    if not (other := service.get("extends")):
        return service
    file = path.parent / other["file"] if "file" in other else path
    return {**extended(file, read(file)["services"][other["service"]]), **service}


def name_of(told: object) -> str:
    """The name of what a service uses: by itself, as a source, or before the place it goes to."""
    return str(told["source"]) if isinstance(told, dict) else str(told).partition(":")[0]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_what_a_file_names_is_there(path: Path) -> None:
    known = list(included(path))
    defined = {kind: {name for each in known for name in each.get(kind) or ()} for kind in _NAMED}
    services = {name for each in known for name in each.get("services") or ()}
    for name, told in (read(path).get("services") or {}).items():
        service = extended(path, told)
        assert "image" in service, name
        assert services >= set(service.get("depends_on", ())), name
        for kind in _NAMED:
            used = {name_of(each) for each in service.get(kind) or ()}
            own = {each for each in used if not each.startswith((".", "/", "$"))}
            assert defined[kind] | {"default"} >= own, f"{name}: {kind}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_compose_understands_a_file(path: Path) -> None:
    docker = shutil.which("docker")
    command = [docker or "docker", "compose"]
    if docker is None or _code([*command, "version"]):
        missing("docker compose is not here, which renders Compose files")
    assert _code([*command, f"--file={path}", "config", "--quiet"]) == 0


def _code(command: list[str]) -> int:
    kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    done = subprocess.run(command, env=kept, timeout=60, check=False)  # noqa: S603
    return done.returncode
