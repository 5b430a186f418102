"""Compose files of a checkout as files that stand alone: they run where there is no checkout.

Compose itself follows `extends` and `include`. It would resolve variables on this machine, or, with
`--no-interpolate`, take them for names, paths and ports, and change them; so it is given words in
their place, and they are put back afterwards. In the end Compose is asked what the file of the
checkout means and what ours does: it must be the same.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bluegreen import commands
from bluegreen.errors import DocumentError, PortError

type Run = Callable[[Sequence[str], Mapping[str, str]], str]
"""Gives what a program prints that is told some variables."""

_COMPOSE = ("docker", "compose")
_ALL = ("--profile", "*", "config", "--format", "json")
_AS_IT_IS = ("--no-interpolate", "--no-normalize", "--no-path-resolution", "--no-consistency")
_TIMEOUT = 60.0  # seconds

_START = re.compile(r"\$\$|\$\{|\$[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile(r"variable[0-9]+here")
_NEEDED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*):?\?")
_ANY = "any"
_PATHS = ("configs", "secrets")
_FILES = ("build", "credential_spec", "develop", "env_file")


def compose(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """What Compose prints that is told these variables beside those of this process.

    Of its own, such as COMPOSE_PROJECT_NAME, it is told none: they would get into what it prints.

    Raises:
        PortError: it is not there, or does not understand a file.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}
    return commands.output(command, timeout=_TIMEOUT, environment={**ours, **environment})


def render(file: Path, run: Run = compose) -> str:
    """The content of a Compose file that means the same, and stands alone.

    Variables stay as they are written.

    Raises:
        DocumentError: it or what it names cannot be read; it needs files that a server has not.
        PortError: Compose is not there, or does not understand it.
    """
    sources = dict(_sources(file.resolve()))
    words = _Words()
    replaced = {path: words.put(text) for path, text in sources.items()}
    with tempfile.TemporaryDirectory(prefix="bluegreen-") as scratch:
        top = Path(os.path.commonpath(path.parent for path in sources))
        for path, text in replaced.items():
            copy = Path(scratch) / path.relative_to(top)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text, encoding="utf-8")
        copied = Path(scratch) / file.resolve().relative_to(top)
        told = run([*_COMPOSE, "--file", str(copied), *_ALL, *_AS_IT_IS], {})
        model = words.back(_whole(json.loads(told)))
        if problems := list(_bound_to_a_checkout(model)):
            raise DocumentError(str(file), problems)
        text = yaml.safe_dump(model, sort_keys=False, width=120)
        rendered = Path(scratch) / file.name
        rendered.write_text(text, encoding="utf-8")
        _check_same(file, rendered, words.needed, run)
    return text


class _Words:
    """Words in the place of variables, and the way back."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}

    @property
    def needed(self) -> Mapping[str, str]:
        """Variables that must be given, with some value for each."""
        written = "".join(self._words)
        return {name: os.environ.get(name, _ANY) for name in _NEEDED.findall(written)}

    def put(self, text: str) -> str:
        """A text with a word for each variable, the same for the same."""
        parts, at = [], 0
        while found := _START.search(text, at):
            end = _end(text, found) if found[0] == "${" else found.end()
            written = text[found.start() : end]
            parts.append(text[at : found.start()])
            parts.append(written if written == "$$" else self._word(written))
            at = end
        return "".join([*parts, text[at:]])

    def back(self, value: Any) -> Any:  # noqa: ANN401 - what JSON has
        """What has the words, with the variables instead."""
        match value:
            case str():
                return _WORD.sub(lambda found: self._written[found[0]], value)
            case list():
                return [self.back(each) for each in value]
            case dict():
                return {self.back(name): self.back(each) for name, each in value.items()}
        return value

    def _word(self, written: str) -> str:
        return self._words.setdefault(written, f"variable{len(self._words)}here")

    @property
    def _written(self) -> Mapping[str, str]:
        return {word: written for written, word in self._words.items()}


def _end(text: str, opening: re.Match[str]) -> int:
    """Where a variable ends whose default may have others in it."""
    depth, at = 1, opening.end()
    while depth and at < len(text):
        depth += (text[at] == "{") - (text[at] == "}")
        at += 1
    return at


class _Loader(yaml.SafeLoader):
    """Reads YAML whose tags are Compose's own, such as `!reset`."""


_Loader.add_multi_constructor("!", lambda _loader, _tag, _node: None)


def _sources(file: Path) -> Iterator[tuple[Path, str]]:
    """The file, and all that it names by `extends` and `include`, with their texts."""
    waiting, seen = [file], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        try:
            text = path.read_text(encoding="utf-8")
            content = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
        except OSError as error:
            raise DocumentError(str(path), [f"cannot be read: {error.strerror}"]) from None
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise DocumentError(str(path), [f"is no YAML: {error}"]) from None
        yield path, text
        waiting.extend((path.parent / named).resolve() for named in _named(content))


def _named(content: Any) -> Iterator[str]:  # noqa: ANN401 - what YAML has
    content = content if isinstance(content, dict) else {}
    for service in (content.get("services") or {}).values():
        extends = (service or {}).get("extends")
        if isinstance(extends, dict) and "file" in extends:
            yield extends["file"]
    for each in content.get("include") or ():
        paths = each["path"] if isinstance(each, dict) else each
        yield from [paths] if isinstance(paths, str) else paths


def _whole(model: dict[str, Any]) -> dict[str, Any]:
    """The model, with volumes as one word each where a variable says if they are a folder."""
    for service in model.get("services", {}).values():
        if "volumes" in service:
            service["volumes"] = [_short(volume) for volume in service["volumes"]]
    return model


def _short(volume: dict[str, Any] | str) -> dict[str, Any] | str:
    if isinstance(volume, str) or not _WORD.match(volume.get("source", "")):
        return volume
    mode = ":ro" if volume.get("read_only") else ""
    return f"{volume['source']}:{volume['target']}{mode}"


def _bound_to_a_checkout(model: Mapping[str, Any]) -> Iterator[str]:
    """What a server cannot have: everything that lies beside the file."""
    for name, service in model.get("services", {}).items():
        yield from (
            f"services.{name}.{key}: needs the checkout, and a server has none"
            for key in _FILES
            if key in service
        )
        for number, volume in enumerate(service.get("volumes", ())):
            source = volume.get("source", "") if isinstance(volume, dict) else ""
            if source.startswith("."):
                where = f"services.{name}.volumes[{number}]"
                yield f"{where}: {source} is in the checkout, and a server has none"
    for kind in _PATHS:
        for name, each in model.get(kind, {}).items():
            path = each.get("file", "/")
            if not path.startswith(("/", "$")):
                yield f"{kind}.{name}.file: {path} is in the checkout, and a server has none"


def _check_same(file: Path, rendered: Path, needed: Mapping[str, str], run: Run) -> None:
    # Both from the same folder: a path that a default has is relative to it.
    of_folder = [*_COMPOSE, "--project-directory", str(file.resolve().parent), "--file"]
    wanted, ours = (
        json.loads(run([*of_folder, str(each), *_ALL], needed)) for each in (file, rendered)
    )
    if wanted != ours:
        raise PortError(
            f"{file}, made to stand alone, would mean something else; use another Compose",
            "\n".join(_differences(wanted, ours, "")),
        )


def _differences(one: Any, other: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - what JSON has
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from _differences(one.get(name), other.get(name), f"{path}.{name}")
    elif one != other:
        yield f"{path.removeprefix('.')}: {one!r} became {other!r}"
