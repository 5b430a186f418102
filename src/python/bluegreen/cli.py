"""The command line of the deployer."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

from bluegreen import show
from bluegreen.errors import BlueGreenError, DocumentError, RefusedError, SettingsError
from bluegreen.plan import Contract, Deploy, Prune, Rollback, Wanted, plan
from bluegreen.release import Release
from bluegreen.settings import FILE, Destination, Settings, shown
from bluegreen.state import State

_DESCRIPTION = "Delivers releases to servers, lane by lane, without losing a request."

_EXAMPLES = """\
examples:
  bluegreen config                                      the settings as they hold, without secrets
  bluegreen -d production config --json
  bluegreen plan deploy --release release.json          what a first deploy would do
  bluegreen -d staging plan deploy --release release.json --state state.json
  bluegreen plan rollback --release older.json --state state.json
  bluegreen plan contract --state state.json
  bluegreen plan prune --state state.json VERSION VERSION ...

exit codes: 0 done; 2 the command line, the settings or a file are wrong; 3 it is refused, and the
message says what to do first.
"""

_PLAN = """\
Prints what would be done from the state of a server, a copy of its state.json, and touches nothing.
Without --state the server is one that nothing was delivered to.
"""


class Exit(IntEnum):
    """What the end of a command means to whoever started it."""

    DONE = 0
    WRONG = 2
    REFUSED = 3


@dataclass(frozen=True)
class Told:
    """What all commands are told.

    Attributes:
        settings: The whole file.
        name: The destination's.
        destination: Its settings as they hold.
        json: Whether a machine reads.
        options: What this command alone is told.
    """

    settings: Settings
    name: str
    destination: Destination
    json: bool
    options: argparse.Namespace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code, one of `Exit`."""
    options = parser().parse_args(arguments)
    try:
        settings = Settings.load(options.settings)
        name, destination = settings.destination(options.destination)
        run: Callable[[Told], str] = options.run
        sys.stdout.write(run(Told(settings, name, destination, options.json, options)))
    except BlueGreenError as error:
        sys.stderr.write(f"error: {error}\n")
        return _exit_of(error)
    return Exit.DONE


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    raw = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        "bluegreen", description=_DESCRIPTION, epilog=_EXAMPLES, formatter_class=raw
    )
    top.add_argument(
        "-s",
        "--settings",
        type=Path,
        default=Path(FILE),
        metavar="FILE",
        help=f"the settings ({FILE})",
    )
    top.add_argument("-d", "--destination", metavar="NAME", help="where to, if there are several")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    each = commands.add_parser("config", help="print the settings as they hold, without secrets")
    each.set_defaults(run=_config)
    _add_json(each)
    planning = commands.add_parser(
        "plan", help="print what would be done", description=_PLAN, formatter_class=raw
    )
    _add_plans(planning.add_subparsers(metavar="OPERATION", required=True))
    return top


def _add_plans(operations: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    each = operations.add_parser("deploy", help="of a release")
    each.add_argument("--release", type=Path, metavar="FILE", required=True, help="its manifest")
    each.set_defaults(run=_plan, wanted=_deploy)
    _add_state(each)
    each = operations.add_parser("rollback", help="to a release that ran before")
    each.add_argument(
        "--release",
        type=Path,
        metavar="FILE",
        help="its manifest; without one only what is unfinished is undone",
    )
    each.set_defaults(run=_plan, wanted=_roll_back)
    _add_state(each)
    each = operations.add_parser("contract", help="of the schema, for the release that serves")
    each.set_defaults(run=_plan, wanted=_contract)
    _add_state(each)
    each = operations.add_parser("prune", help="of releases that nobody goes back to")
    each.add_argument("versions", nargs="*", metavar="VERSION", help="those that are recorded")
    each.set_defaults(run=_plan, wanted=_prune)
    _add_state(each)


def _add_state(command: argparse.ArgumentParser) -> None:
    command.add_argument("--state", type=Path, metavar="FILE", help="a copy of its state.json")
    _add_json(command)


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="for machines")


def _config(told: Told) -> str:
    settings = shown(told.settings, told.name)
    return show.settings_for_machines(settings) if told.json else show.settings_for_people(settings)


def _plan(told: Told) -> str:
    file: Path | None = told.options.state
    state = State.parse(_read(file), str(file)) if file else State()
    wanted: Wanted = told.options.wanted(told)
    steps = plan(state, wanted, told.destination.timeouts)
    return show.plan_for_machines(steps) if told.json else show.plan_for_people(steps)


def _deploy(told: Told) -> Wanted:
    return Deploy(_release(told.options.release))


def _roll_back(told: Told) -> Wanted:
    file: Path | None = told.options.release
    return Rollback(_release(file) if file else None)


def _contract(told: Told) -> Wanted:
    return Contract(datetime.now(UTC), told.settings.rollback_window)


def _prune(told: Told) -> Wanted:
    return Prune(told.options.versions, told.settings.keep.releases)


def _release(file: Path) -> Release:
    return Release.parse(_read(file), str(file))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise DocumentError(str(file), [f"cannot be read: {reason}"]) from None


def _exit_of(error: BlueGreenError) -> Exit:
    match error:
        case SettingsError() | DocumentError():
            return Exit.WRONG
        case RefusedError():
            return Exit.REFUSED
        case _:
            raise error
