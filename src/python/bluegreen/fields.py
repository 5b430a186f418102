"""What single values of `deploy.toml` may be."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from bluegreen.step import Action

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_ADDRESS = re.compile(r"(?P<user>[a-z_][a-z0-9_-]*)@(?P<host>[A-Za-z0-9.-]+)(:(?P<port>\d{1,5}))?")
_LOCAL_IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]*\{name\}[a-z0-9._:/-]*")
_OWN_VARIABLES = re.compile(
    r"COMPOSE_.*|TANDEM_(LANE|PROJECT|PUBLIC_URL|SECRETS|SINCE|VERSION|IMAGE_.*)"
)
_UNQUOTABLE = re.compile(r"[\x00-\x1f\x7f']")
_WRITTEN_DOWN = {Action.BEGIN, Action.END, Action.TURN_BACK, Action.GO_ON, Action.SCHEMA}
_MOST_SECONDS = 30 * 86_400


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value)
    if found is None:
        raise ValueError('should be a number of seconds, or as "90s", "15m", "2h" or "7d"')
    return float(found[1]) * _UNITS[found[2]]


def _address(value: str) -> str:
    found = _ADDRESS.fullmatch(value)
    if found is None or not 0 < int(found["port"] or 22) <= 65535:  # noqa: PLR2004 - ports
        raise ValueError("should be as USER@HOST or USER@HOST:PORT")
    return value


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?/?", value):
        raise ValueError("should be as https://HOST or https://HOST:PORT")
    return value.removesuffix("/")


def _local_image(value: str) -> str:
    if not _LOCAL_IMAGE.fullmatch(value):
        raise ValueError('should be as "tandem/{name}:dev"')
    return value


def _maker(value: tuple[str, ...]) -> tuple[str, ...]:
    if not any("{folder}" in word for word in value):
        raise ValueError("should have {folder}, where the secrets are put")
    return value


def _file_here(value: Path) -> Path:
    if value.is_absolute() or ".." in value.parts:
        raise ValueError("should be a path below the folder of the settings")
    return value


def _task(value: str) -> str:
    return _line(value, frozenset(), "nothing")


def _check(value: str) -> str:
    return _line(value, frozenset({"{expand}"}), "nothing but {expand}")


def _line(value: str, known: frozenset[str], put_in: str) -> str:
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise ValueError(f"cannot be split into words: {error}") from None
    if not words or not re.fullmatch(r"[a-z][a-z0-9-]*", words[0]):
        raise ValueError("should begin with a service of the Compose file")
    for word in words:
        for each in _places(word):
            if each not in known:
                raise ValueError(f"has {each}, and {put_in} is put in; write {{{{ for a brace")
    return value


def _places(word: str) -> Iterator[str]:
    """Where something would be put into a word of a task, as it stands there."""
    try:
        for _, name, form, conversion in Formatter().parse(word):
            if name is not None:
                converted = f"!{conversion}" if conversion else ""
                formed = f":{form}" if form else ""
                yield f"{{{name}{converted}{formed}}}"
    except ValueError:
        raise ValueError("has a brace alone; write {{ or }} for a brace") from None


def _hooked(action: Action) -> Action:
    if action in _WRITTEN_DOWN:
        raise ValueError("only writes down how far it is, or undoes: hooks go with other steps")
    return action


def _variable(value: str) -> str:
    if _OWN_VARIABLES.fullmatch(value):
        raise ValueError("is set by the deployer itself")
    return value


def _variable_value(value: str) -> str:
    if _UNQUOTABLE.search(value):
        raise ValueError("should have no single quote, and be one line")
    return value


type Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=_MOST_SECONDS)]
type Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
type SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]*$")]
type Argument = Annotated[str, StringConstraints(min_length=1)]
type Command = Annotated[tuple[Argument, ...], Field(min_length=1)]
type Maker = Annotated[Command, AfterValidator(_maker)]
type Task = Annotated[str, AfterValidator(_task)]
type Check = Annotated[str, AfterValidator(_check)]
type FileHere = Annotated[Path, AfterValidator(_file_here)]
type HookedAction = Annotated[Action, AfterValidator(_hooked)]
type Variable = Annotated[
    str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$"), AfterValidator(_variable)
]
type VariableValue = Annotated[str, AfterValidator(_variable_value)]
type Address = Annotated[str, AfterValidator(_address)]
type Url = Annotated[str, AfterValidator(_url)]
type LocalImage = Annotated[str, AfterValidator(_local_image)]
type Registry = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._:/-]*[a-z0-9]$")]
type FolderThere = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._/-]+$")]
