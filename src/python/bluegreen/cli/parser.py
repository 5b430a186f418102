"""What the command line may say."""

import argparse
from collections.abc import Callable
from pathlib import Path

from bluegreen.cli import building, delivering, looking, planning, preparing
from bluegreen.cli.context import Context
from bluegreen.cli.examples import examples
from bluegreen.cli.exits import EXPLAINED
from bluegreen.lane import Lane
from bluegreen.settings import FILE
from bluegreen.site import OWNER

_DESCRIPTION = "Delivers releases to servers, lane by lane, without losing a request."

_EXAMPLES = f"""\
examples:
  bluegreen -d production setup                         a bare server; secrets of a new service
  bluegreen -d production doctor                        what is in the way of a deploy, all of it
  bluegreen -d staging deploy                           build, push and deliver
  bluegreen -d staging deploy --verbose                 with each command that it runs, and where
  bluegreen build                                       or in two steps: into the folder release
  bluegreen -d production deploy --release release
  bluegreen -d production deploy --release release --dry-run
  bluegreen -d production rollback                      to the release before, in half a minute
  bluegreen -d production rollback 20261129-101500-0123456789ab
  bluegreen status                                      what serves, what is unfinished, who deploys
  bluegreen audit --tail 50                             what was done, when and by whom
  bluegreen migrate contract                            once no way back is needed
  bluegreen servers --dry-run                           kafka, postgres and nginx; no deploy does

environment:
  {OWNER}   who deploys, for the lock and the log (default: this user)

{EXPLAINED}"""

_PLAN = """\
Prints what would be done from the state of a server, a copy of its state.json, and touches nothing.
Without --state the server is one that nothing was delivered to.
"""

type _Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"
type _Run = Callable[[Context], None]

_RAW = argparse.RawDescriptionHelpFormatter


def parser() -> argparse.ArgumentParser:
    """The whole of it."""
    top = argparse.ArgumentParser(
        "bluegreen", description=_DESCRIPTION, epilog=_EXAMPLES, formatter_class=_RAW
    )
    top.add_argument(
        *("-s", "--settings"), type=Path, default=Path(FILE), metavar="FILE", help=f"({FILE})"
    )
    top.add_argument("-d", "--destination", metavar="NAME", help="where to, if there are several")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _add_preparing(commands)
    _add_delivering(commands)
    _add_looking(commands)
    _add(commands, "config", "print the settings as they hold, without secrets", planning.config)
    planned = _with_examples(
        commands.add_parser("plan", help="print what would be done", description=_PLAN)
    )
    _add_plans(planned.add_subparsers(metavar="OPERATION", required=True))
    return top


def _add_preparing(commands: _Commands) -> None:
    _add_changing(commands, "setup", "make a server ready for deliveries", preparing.setup)
    _add(commands, "doctor", "look at everything that a deploy needs", preparing.doctor)
    each = _add(
        commands,
        "servers",
        "bring kafka, postgres and nginx to the release that serves; requests fail meanwhile",
        preparing.servers,
    )
    _add_dry_run(each)


def _add_delivering(commands: _Commands) -> None:
    each = _add(commands, "build", "build and push a release", building.build)
    _add_release(each, f"where to put it together ({building.RELEASE})")
    each = _add_changing(commands, "deploy", "deliver a release", delivering.deploy)
    _add_release(each, "what `build` put together; without it, it is built now")
    each.add_argument(
        "--set-up", action="store_true", help="first what `setup` does: secrets of a new service"
    )
    each = _add_changing(
        commands, "rollback", "give the traffic back to an earlier release", delivering.rollback
    )
    each.add_argument("version", nargs="?", metavar="VERSION", help="the release before")
    schema = _with_examples(commands.add_parser("migrate", help="see or contract the schema"))
    phases = schema.add_subparsers(metavar="PHASE", required=True)
    _add_changing(phases, "contract", "remove what only older releases need", delivering.contract)
    _add(phases, "status", "where the schema stands", looking.schema_status)
    _add_changing(commands, "prune", "remove releases nobody goes back to", delivering.prune)


def _add_looking(commands: _Commands) -> None:
    _add(commands, "status", "what serves, and what is unfinished", looking.status)
    _add(commands, "history", "the releases that were delivered", looking.history)
    each = _add(commands, "logs", "the last lines of a lane's services", looking.logs)
    each.add_argument("services", nargs="*", metavar="SERVICE", help="of all by default")
    each.add_argument("--lane", choices=[*Lane], help="the one that serves")
    _add_tail(each, 100)
    _add_tail(_add(commands, "audit", "what was done, when and by whom", looking.audit), 30)
    lock = _with_examples(
        commands.add_parser("lock", help="see who deploys, or take the lock away")
    )
    actions = lock.add_subparsers(metavar="ACTION", required=True)
    _add(actions, "status", "who has it", looking.lock_status)
    _add(actions, "release", "take it away from whoever has it", looking.lock_release)


def _add_plans(operations: _Commands) -> None:
    each = _add_plan(operations, "deploy", "of a release", planning.deploy)
    _add_release(each, "what `build` put together", required=True)
    each = _add_plan(operations, "rollback", "to a release that ran before", planning.roll_back)
    _add_release(each, "which; without one only what is unfinished is undone")
    _add_plan(operations, "contract", "of the schema, for what serves", planning.contract)
    each = _add_plan(operations, "prune", "of releases nobody goes back to", planning.prune)
    each.add_argument("versions", nargs="*", metavar="VERSION", help="those that are recorded")


def _add(commands: _Commands, name: str, what: str, run: _Run) -> argparse.ArgumentParser:
    each = _with_examples(commands.add_parser(name, help=what, description=f"{name}: {what}."))
    each.add_argument("--json", action="store_true", help="for machines")
    each.add_argument(
        *("-v", "--verbose"),
        action="store_true",
        help="on stderr, each command that is run: where, how it ended, how long it took",
    )
    each.set_defaults(run=run)
    return each


def _with_examples(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.epilog = examples(command.prog.partition(" ")[2])
    command.formatter_class = _RAW
    return command


def _add_changing(commands: _Commands, name: str, what: str, run: _Run) -> argparse.ArgumentParser:
    each = _add(commands, name, what, run)
    _add_dry_run(each)
    each.add_argument(
        "--lock-wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long to wait while somebody else deploys (not at all)",
    )
    return each


def _add_dry_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dry-run", action="store_true", help="print what would be done")


def _add_plan(
    operations: _Commands, name: str, what: str, wanted: Callable[..., object]
) -> argparse.ArgumentParser:
    each = _add(operations, name, what, planning.planned)
    each.set_defaults(wanted=wanted)
    each.add_argument("--state", type=Path, metavar="FILE", help="a copy of its state.json")
    return each


def _add_release(command: argparse.ArgumentParser, what: str, *, required: bool = False) -> None:
    command.add_argument("--release", type=Path, required=required, metavar="FOLDER", help=what)


def _add_tail(command: argparse.ArgumentParser, default: int) -> None:
    command.add_argument(
        "--tail", type=_count, default=default, metavar="LINES", help=f"how many ({default})"
    )


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError("must be a number of lines, 1 at the least")
    return number
