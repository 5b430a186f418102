"""The command line of `./pants run :local`."""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn
from urllib.parse import parse_qs, urlsplit

from local.port_block import HIGHEST_BASE

POSTGRES = "TANDEM_LOCAL_POSTGRES"
"""The variable with a URL of PostgreSQL that has a password, which no list of processes shows."""

_DESCRIPTION = """\
Run the whole of Tandem on this machine, without Docker: an embedded Kafka broker, PostgreSQL,
the services, nginx. Saving a file restarts only what depends on it. Ctrl-C stops everything.
Data stays in the checkout, in .local/."""

_EXAMPLES = f"""\
examples:
  ./pants run :local                                  then open the address that it prints
  ./pants run :local -- --port 8090                   other ports; this checkout remembers it
  ./pants run :local -- --reset                       begin with empty data
  ./pants run :local -- --kafka 127.0.0.1:9092        on an Apache Kafka of yours
  ./pants run :local -- --postgres postgresql://postgres@127.0.0.1:5432/postgres
  {POSTGRES}="$(pass show postgres)" ./pants run :local

environment:
  {POSTGRES}   as --postgres, for a URL with a password, which others could read there

exit codes: 0 stopped as asked, 1 could not start, 2 wrong options, 130 stopped in a hurry"""

_POSTGRES_HELP = (
    "use this server; URL of a superuser, with all that is needed but a password: PG* variables "
    "are not read"
)

_FORM = "not of the form postgresql://USER{}@HOST:PORT/NAME"
_NOTHING: Mapping[str, str] = MappingProxyType({})

# What may be shown of an argument: a short option's letter, or a long one's name.
_NAME = re.compile(r"--[a-z-]+(?=$|=)|-[a-z]$")


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    Attributes:
        port: The first port of the block, None for the remembered one.
        kafka: host:port of a broker, None for the embedded one.
        postgres: A superuser's URL, None for the embedded server.
        reset: Whether data is deleted first.
        watch: Whether a saved file restarts what depends on it.
        root: Where the checkout is looked for.
    """

    port: int | None = None
    kafka: str | None = None
    postgres: str | None = None
    reset: bool = False
    watch: bool = True
    root: Path = Path()


def parse(
    arguments: Sequence[str], directory: Path, environment: Mapping[str, str] = _NOTHING
) -> Options:
    """Read the command line.

    Args:
        arguments: Without the program's name.
        directory: Where the command was given.
        environment: Has `POSTGRES`, where there is no `--postgres`.

    Raises:
        SystemExit: the options are wrong (code 2), or only help was asked for (code 0).
    """
    parser = _parser(directory)
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(_about(unknown, parser.format_usage()))
    told = environment.get(POSTGRES) or None
    if told and not _names_a_server(told):
        parser.error(f"{POSTGRES} of the environment: {_FORM.format(':PASSWORD')}")
    return Options(
        port=given.port,
        kafka=given.kafka,
        postgres=given.postgres or told,
        reset=given.reset,
        watch=not given.no_watch,
        root=given.root,
    )


class _Parser(argparse.ArgumentParser):
    """Complains without the values that were given: one may be a URL with a password."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with code 2."""
        super().error(
            re.sub(r"ignored explicit argument .*", "takes no value", message, flags=re.DOTALL)
        )


def _about(unknown: Sequence[str], usage: str) -> str:
    """What to say of arguments that are no options: their names, never their values."""
    named = [found[0] for each in unknown if (found := _NAME.match(each))]
    if not named:
        return "what is given belongs to no option; --help lists them"
    [close] = get_close_matches(named[0], re.findall(r"--[a-z-]+", usage), 1) or [None]
    hint = f"is it {close}?" if close and len(named) == 1 else "--help lists them"
    return f"unknown option{'s' if len(named) > 1 else ''} {', '.join(named)}; {hint}"


def _parser(directory: Path) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="./pants run :local --",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--port", type=_base, metavar="N", help="first of six ports (default 8080)")
    add("--kafka", type=_address, metavar="HOST:PORT", help="use this broker, not the embedded one")
    add("--postgres", type=_url, metavar="URL", help=_POSTGRES_HELP)
    add("--reset", action="store_true", help="delete this checkout's data first, and say what")
    add("--no-watch", action="store_true", help="do not restart anything when a file is saved")
    # ./pants runs in its checkout; only who starts the module by hand can be elsewhere.
    add("--root", type=Path, default=directory, help=argparse.SUPPRESS)
    return parser


def _base(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= HIGHEST_BASE:
        raise argparse.ArgumentTypeError(f"is no port from 1 to {HIGHEST_BASE}")
    return int(text)


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError("not of the form HOST:PORT")
    return text


def _url(text: str) -> str:
    if not _names_a_server(text):
        raise argparse.ArgumentTypeError(_FORM.format(""))
    url = urlsplit(text)
    if url.password is not None or "password" in parse_qs(url.query, keep_blank_values=True):
        raise argparse.ArgumentTypeError(
            "has a password, which everybody on this machine can read in the list of processes; "
            f"put the whole URL into {POSTGRES} of the environment instead"
        )
    return text


def _names_a_server(text: str) -> bool:
    # A ValueError must not get through: argparse would show the whole value, with its password.
    try:
        url = urlsplit(text)
        usable = url.port is None or url.port > 0
    except ValueError:
        return False
    return usable and url.scheme in {"postgresql", "postgres"} and bool(url.hostname)
