"""Secrets: named in the settings, taken from the environment or a command, never written down."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bluegreen.errors import SettingsError

COMMAND_TIMEOUT = 30.0
"""Seconds that a command has to print a secret."""

REDACTED = "[REDACTED]"

type Run = Callable[[Sequence[str]], str]


class Secret(BaseModel):
    """Where a secret comes from; not the secret itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = (
        None
    )
    """The variable that holds it."""

    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The program, and its arguments, that prints it; it is run without a shell."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.environment is None) == (self.command is None):
            raise ValueError('should have either environment = "NAME" or command = ["PROGRAM"]')
        return self

    def __str__(self) -> str:
        source = f"environment {self.environment}" if self.environment else f"{self._program()}"
        return f"{REDACTED} ({source})"

    def _program(self) -> str:
        # Not its arguments: a token may be among them.
        return f"command {self.command[0] if self.command else ''}"

    def value(self, environment: Mapping[str, str], run: Run) -> str:
        """The secret itself.

        Raises:
            ValueError: it is not to be had; the message does not hold it.
        """
        if self.environment is not None:
            value = environment.get(self.environment, "")
            if not value:
                raise ValueError(f"the environment has no {self.environment}")
            return value
        value = run(self.command or ()).removesuffix("\n")
        if not value:
            raise ValueError(f"{self._program()} printed nothing")
        return value


def resolve(
    secrets: Mapping[str, Secret], environment: Mapping[str, str], run: Run
) -> dict[str, str]:
    """All secrets.

    Args:
        secrets: By their paths in the settings.
        environment: Variables.
        run: Gives what a command prints.

    Raises:
        SettingsError: with every secret that is not to be had.
    """
    values, problems = {}, []
    for path, secret in secrets.items():
        try:
            values[path] = secret.value(environment, run)
        except ValueError as error:
            problems.append(f"{path}: {error}")
    if problems:
        raise SettingsError("what the settings name", problems)
    return values


def run(command: Sequence[str]) -> str:
    """What a command prints.

    Raises:
        ValueError: it failed, or took too long; the message holds neither its output nor arguments.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the command of the settings
            command, capture_output=True, text=True, timeout=COMMAND_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"command {command[0]} took longer than {COMMAND_TIMEOUT:g} s") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"command {command[0]} cannot be run: {type(error).__name__}") from None
    if done.returncode != 0:
        raise ValueError(f"command {command[0]} ended with {done.returncode}")
    return done.stdout


class Redactor:
    """Takes secrets out of texts, also where they are written as in a URL."""

    def __init__(self, values: Sequence[str]) -> None:
        bare = {each for value in values for each in (value, value.strip())}
        forms = {form for value in bare for form in (value, quote(value, safe="")) if form}
        # The longest first: one may be a part of another.
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without them."""
        for form in self._forms:
            text = text.replace(form, REDACTED)
        return text
