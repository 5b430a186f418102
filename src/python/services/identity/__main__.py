"""The commands of identity."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from services.identity import key_files, serve
from services.identity.errors import KeysError
from services.identity.key_ring import KeyRing

_FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the answer is the process's exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "serve":
            serve.main()
        elif options.keys_command == "create":
            _create_key(options.directory, first=options.first)
        else:
            _list_keys(options.directory)
    except KeysError as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    return 0


def _create_key(directory: Path, *, first: bool) -> None:
    if first and directory.is_dir() and (there := key_files.paths(directory)):
        sys.stdout.write(f"{there[-1]} is there already\n")
        return
    sys.stdout.write(f"{key_files.create(directory)}\n")


def _list_keys(directory: Path) -> None:
    signing = KeyRing(directory).signing_key().kid
    for path in key_files.paths(directory):
        key = key_files.read(path)
        published = datetime.fromtimestamp(key.published_at, UTC)
        use = "signs and verifies" if key.kid == signing else "verifies"
        sys.stdout.write(f"{key.kid}  published {published:%Y-%m-%d %H:%M:%S} UTC  {use}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.identity", description="Accounts' sign-in, sessions and tokens."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="answer calls until told to stop")
    keys = commands.add_parser("keys", help="make and show the keys that sign access tokens")
    keys_commands = keys.add_subparsers(dest="keys_command", required=True, metavar="COMMAND")
    for name, text in (
        ("create", "make a new key; it signs some seconds later, by itself"),
        ("list", "show the keys, oldest first, and which one signs"),
    ):
        command = keys_commands.add_parser(name, help=text, description=f"{text.capitalize()}.")
        command.add_argument("directory", type=Path, metavar="DIR", help="holds a .pem file a key")
        if name == "create":
            command.add_argument("--first", action="store_true", help="only if there is no key")
    return parser


if __name__ == "__main__":
    sys.exit(main())
