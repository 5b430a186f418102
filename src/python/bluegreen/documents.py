"""Small JSON files that outlive a program; what is wrong with one is told all at once."""

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self, TypeGuard

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from bluegreen.errors import DocumentError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


_QUOTED = re.compile(r"'([^']*)'")


class Document(BaseModel):
    """A frozen value with a form as JSON. Unknown fields are problems, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def parse(cls, text: str, name: str) -> Self:
        """Read it from JSON.

        Args:
            text: The content of a file.
            name: What to call the file when it is wrong.

        Raises:
            DocumentError: with every problem found.
        """
        try:
            content = json.loads(text)
        except ValueError as error:
            raise DocumentError(name, [f"is no JSON: {error}"]) from None
        try:
            return cls.model_validate_json(json.dumps(content), strict=True)
        except ValidationError as error:
            raise DocumentError(name, problems(error.errors(), cls)) from None

    def render(self) -> str:
        """Write it as JSON, for machines and people, with an end of line."""
        return json.dumps(self.model_dump(mode="json"), indent=2) + "\n"


def problems(errors: Iterable["ErrorDetails"], model: type[BaseModel]) -> list[str]:
    """Say what is wrong, a line for each: the path, a colon, the problem. No value is repeated."""
    return [_described(error, model) for error in errors]


def path(location: Sequence[int | str]) -> str:
    """A place in a document, as TOML and people write it: `destinations.staging.host`, `to[0]`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{_key(part)}"
    return text.removeprefix(".") or "the whole"


def _key(part: str) -> str:
    bare = part.replace("_", "").replace("-", "").isalnum() and part.isascii()
    return part if bare else json.dumps(part)


def _described(error: "ErrorDetails", model: type[BaseModel]) -> str:
    location = [part for part in error["loc"] if part != "[key]"]
    where = path(location)
    match error["type"]:
        case "missing":
            return f"{where}: is missing"
        case "extra_forbidden":
            return f"{where}: is no setting{_hint(str(location[-1]), _names(model, location[:-1]))}"
        case "enum" if error["loc"][-1] == "[key]":
            expected = str(error.get("ctx", {}).get("expected", ""))
            return f"{where}: is no action{_hint(str(location[-1]), _QUOTED.findall(expected))}"
        case _:
            message = error["msg"].removeprefix("Value error, ")
            return f"{where}: {message[0].lower()}{message[1:]}"


def _names(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The fields that there may be at a place; none if that is not known."""
    current: object = model
    for part in location:
        field = _field(current, str(part)) if _is_model(current) else None
        current = _inner(field.annotation) if field else current
    if not _is_model(current):
        return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _field(model: type[BaseModel], name: str) -> FieldInfo | None:
    fields = model.model_fields.items()
    return next((field for own, field in fields if name in {own, field.alias}), None)


def _inner(annotation: object) -> object:
    """The model in an annotation such as `Mapping[str, Model]` or `Model | None`."""
    if _is_model(annotation):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if _is_model(found := _inner(argument)):
            return found
    return annotation


def _is_model(thing: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(thing, type) and issubclass(thing, BaseModel)


def _hint(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name.replace("_", "-"), names, 1)
    return f"; is it {close[0]}?" if close else ""
