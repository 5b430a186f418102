"""What the commands share: how they are told of the brokers, and how they end."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

DIFFERS = 3
"""The exit code of a command that found something otherwise than it should be."""

_INTERRUPTED, _UNREAD = 130, 141


class SettingsError(Exception):
    """A file of settings or of a password is not usable; never shows what is in it."""


def add_brokers(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Have a command take brokers, and who it is to them."""
    add = parser.add_argument
    add("--bootstrap", required=required, metavar="HOST:PORT", help="brokers, separated by commas")
    add("--username", metavar="NAME", help="who asks: SASL_SSL with SCRAM-SHA-512, unless options")
    add(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="a file with the password; an end of line behind it does not count",
    )
    add(
        "--options-file",
        type=Path,
        metavar="FILE",
        help="settings of librdkafka, NAME=VALUE a line: those for security, with the password",
    )
    add(
        *("--option", "-o"),
        action="append",
        default=[],
        type=_option,
        metavar="NAME=VALUE",
        help="a setting of librdkafka; may be repeated",
    )


def settings_of(told: argparse.Namespace) -> dict[str, str]:
    """The settings of librdkafka that a command was told.

    Raises:
        SettingsError: a file cannot be read, or is not understood.
    """
    return {**_of_user(told), **_from_file(told.options_file), **dict(told.option)}


def password_in(file: Path) -> str:
    """The password that a file has.

    Raises:
        SettingsError: it cannot be read, or has none.
    """
    try:
        password = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {_reason(error)}") from error
    if not password:
        raise SettingsError(f"{file} is empty; it is to have a password")
    return password


def seconds(text: str) -> float:
    """An argument that is a number of seconds."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return found


def say(text: str) -> None:
    """Write a line, now."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def end(code: int, text: str) -> int:
    """Say how it ended, to where that belongs; gives the exit code."""
    stream = sys.stderr if code in (1, 2) else sys.stdout
    stream.write(f"{text}\n")
    return code


def ended(main: Callable[[], int]) -> int:
    """Run a command; gives its exit code, also where Ctrl-C ends it, or nobody reads on."""
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED
    except BrokenPipeError:
        # The interpreter's exit would write what is left once more.
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return _UNREAD
    return code


def _of_user(told: argparse.Namespace) -> dict[str, str]:
    if (told.username is None) != (told.password_file is None):
        raise SettingsError("--username and --password-file belong together")
    if told.username is None:
        return {}
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": told.username,
        "sasl.password": password_in(told.password_file),
    }


def _from_file(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
        return dict(_option(line) for line in lines if line and not line.startswith("#"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {_reason(error)}") from error
    except argparse.ArgumentTypeError as error:
        raise SettingsError(f"{file}: {error}") from error


def _option(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        # What it is instead may be a password.
        raise argparse.ArgumentTypeError("a setting is NAME=VALUE")
    return name.strip(), value.strip()


def _reason(error: OSError | UnicodeDecodeError) -> str:
    # A text that is not UTF-8 would be shown with its bytes.
    return (error.strerror or "") if isinstance(error, OSError) else "it is not UTF-8"
