"""The commands of the account service."""

import argparse
import sys
from pathlib import Path

from chassis.assets import Assets
from services.account.scenario import command as scenario
from services.account.service import serve


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    parser = argparse.ArgumentParser(prog="account", description="The personal account's pages.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve pages and JSON API until told to stop")
    static = commands.add_parser("static", help="write the static files for nginx to serve")
    static.add_argument("out", type=Path, help="the folder; older files in it are kept")
    scenario.add_to(commands)
    chosen = parser.parse_args(arguments)
    if chosen.command == "static":
        return _publish(chosen.out)
    if chosen.command == "scenario":
        return scenario.prove(chosen.url, chosen.timeout)
    serve()
    return 0


def _publish(out: Path) -> int:
    try:
        published = Assets.of("services.account").publish(out)
    except OSError as error:
        sys.stderr.write(f"cannot write to {out}: {error.strerror}; choose a folder to write to\n")
        return 1
    for path in published:
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
