"""The commands of the service: serve, migrate, prepare."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum

import chassis
from services.database.errors import (
    DatabaseError,
    MigrationBusyError,
    SchemaBehindError,
    SchemaBeyondError,
    UnreachableError,
)
from services.database.history import History
from services.database.migrator import Limits, Migrator
from services.database.phases import Phase, Positions
from services.database.prepare import prepare
from services.database.review import review
from services.database.service import serve
from services.database.settings import MigrateSettings, PrepareSettings, address

type _Say = Callable[[str], None]


_LEAST_SECONDS = 0.001
_MOST_SECONDS = 86_400
_MOST_ATTEMPTS = 100


class Exit(IntEnum):
    """What a command's end means to whoever started it."""

    DONE = 0
    FAILED = 1
    WRONG_SETTINGS = 2
    EXPAND_PENDING = 3
    CONTRACT_PENDING = 4
    BEYOND = 5
    UNSAFE = 6
    TRY_AGAIN = 75
    INTERRUPTED = 130


_TOP = """\
examples:
  python -m services.database prepare          once for a PostgreSQL: roles and database
  python -m services.database migrate expand   before a release starts
  python -m services.database serve
"""

_MIGRATE = """\
examples:
  migrate status                               where both branches stand
  migrate expand                               before the new release starts
  migrate contract                             once nothing of the old release is left
  migrate status --json                        the same for a machine
  migrate heads --json                         the newest revisions that this release knows
  migrate check --since e0001                  whether the release that knows e0001 survives expand
  migrate expand --lock-timeout 0.5 --attempts 8

environment:
  TANDEM_DATABASE_OWNER_URL                    postgresql://tandem_owner:PASSWORD@HOST:PORT/DATABASE

exit codes:
  0   done; of status: nothing is pending; of status --json: it could be read
  1   a revision failed, its transaction was rolled back; or the database is not ours
  2   wrong settings or arguments
  3   expand is pending (status), or contract was refused because it is
  4   status only: contract alone is pending
  5   a newer release has migrated this database
  6   check only: the running release may not live on with it
  75  a lock, another migrator or an unreachable PostgreSQL: the same command may work later
  130 interrupted; the transaction at work was rolled back
"""

_PREPARE = """\
Makes the roles tandem_owner and tandem_app with the passwords of their addresses, and the database.
Repeating it changes passwords and rights to what it is told, and nothing else.

environment:
  TANDEM_DATABASE_ADMIN_URL                    any database, for a superuser
  TANDEM_DATABASE_OWNER_URL                    postgresql://tandem_owner:PASSWORD@HOST:PORT/DATABASE
  TANDEM_DATABASE_URL                          postgresql://tandem_app:PASSWORD@HOST:PORT/DATABASE

example:
  TANDEM_SECRETS_DIR=/run/secrets python -m services.database prepare
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code, one of `Exit`; `serve` returns when it was told to stop.
    """
    options = parser().parse_args(arguments)
    try:
        code: Exit = options.run(options, _say)
    except chassis.SettingsError as error:
        problems = "\n".join(f"  {problem}" for problem in error.problems)
        sys.stderr.write(f"the settings are wrong:\n{problems}\n")
        return Exit.WRONG_SETTINGS
    except DatabaseError as error:
        sys.stderr.write(f"error: {error}\n")
        return _exit_of(error)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the transaction at work is rolled back; run it again\n")
        return Exit.INTERRUPTED
    return code


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    raw = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        "python -m services.database", description=__doc__, epilog=_TOP, formatter_class=raw
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    each = commands.add_parser("serve", help="answer the other services until told to stop")
    each.set_defaults(run=_serve)
    each = commands.add_parser(
        "prepare",
        help="make roles and database, as a superuser",
        description=_PREPARE,
        formatter_class=raw,
    )
    each.set_defaults(run=_prepare)
    _add_migrate(
        commands.add_parser(
            "migrate",
            help="change the schema in two phases, or say where it stands",
            epilog=_MIGRATE,
            formatter_class=raw,
        )
    )
    return top


def _add_migrate(migrate: argparse.ArgumentParser) -> None:
    default = Limits()
    raw = argparse.RawDescriptionHelpFormatter
    actions = migrate.add_subparsers(metavar="expand|contract|status|heads|check", required=True)
    for phase, title in (
        (Phase.EXPAND, "add what the new release needs; the old one works on"),
        (Phase.CONTRACT, "remove what only the old release needed"),
    ):
        action = actions.add_parser(phase, help=title, epilog=_MIGRATE, formatter_class=raw)
        action.set_defaults(run=_migrate, phase=phase)
        for name, what, kind in (
            ("lock_timeout", "give a table up when others hold it this long", _seconds),
            ("statement_timeout", "end a statement that runs this long", _seconds),
            ("turn_timeout", "wait this long for another migrator", _seconds),
            ("attempts", "tries of a revision that meets a lock", _count),
        ):
            unit = "N" if kind is _count else "SECONDS"
            action.add_argument(
                f"--{name.replace('_', '-')}",
                type=kind,
                metavar=unit,
                default=getattr(default, name),
                help=f"{what} (default {getattr(default, name):g})",
            )
    action = actions.add_parser(
        "status", help="print both branches; changes nothing", epilog=_MIGRATE, formatter_class=raw
    )
    action.set_defaults(run=_status)
    _add_json(action)
    action = actions.add_parser(
        "heads",
        help="print the newest revisions that this release knows; asks no database",
        epilog=_MIGRATE,
        formatter_class=raw,
    )
    action.set_defaults(run=_heads)
    _add_json(action)
    action = actions.add_parser(
        "check",
        help="say what of expand the running release may not survive; asks no database",
        epilog=_MIGRATE,
        formatter_class=raw,
    )
    action.add_argument(
        "--since",
        metavar="REVISION",
        default="",
        help="the newest revision that the running release knows (default: none, all are checked)",
    )
    action.set_defaults(run=_check)


def _add_json(action: argparse.ArgumentParser) -> None:
    action.add_argument("--json", action="store_true", help="for machines: one line of JSON")


def _serve(_options: argparse.Namespace, _say: _Say) -> Exit:
    serve()
    return Exit.DONE


def _prepare(_options: argparse.Namespace, say: _Say) -> Exit:
    settings = chassis.load(PrepareSettings)
    prepare(
        admin=address(settings.database_admin_url),
        owner=address(settings.database_owner_url),
        app=address(settings.database_url),
        say=say,
    )
    return Exit.DONE


def _migrate(options: argparse.Namespace, say: _Say) -> Exit:
    limits = Limits(
        lock_timeout=options.lock_timeout,
        statement_timeout=options.statement_timeout,
        attempts=options.attempts,
        turn_timeout=options.turn_timeout,
    )
    _migrator(limits, say).run(options.phase)
    return Exit.DONE


def _status(options: argparse.Namespace, say: _Say) -> Exit:
    history = History()
    where = _migrator(Limits(), say, history).positions()
    if options.json:
        say(json.dumps({phase: each.current or phase.none for phase, each in where.items()}))
        return Exit.DONE
    for phase, position in where.items():
        state = "newer than this release" if position.beyond else "up to date"
        if position.pending:
            state = f"{len(position.pending)} pending"
        say(f"{phase:<8}  current {position.current or '-':<5}  head {position.head}  {state}")
        for revision in position.pending:
            say(f"  pending {revision}: {history.title(revision)}")
    return verdict(where)


def _heads(options: argparse.Namespace, say: _Say) -> Exit:
    heads = {phase: line[-1] for phase, line in History().revisions.items()}
    if options.json:
        say(json.dumps(heads))
        return Exit.DONE
    for phase, head in heads.items():
        say(f"{phase:<8}  head {head}")
    return Exit.DONE


def _check(options: argparse.Namespace, say: _Say) -> Exit:
    reviews = review(History(), options.since)
    for each in reviews:
        say(f"{each.revision}: {each.verdict}")
        for finding in each.findings:
            say(f"  {finding}")
    return Exit.DONE if all(each.is_safe for each in reviews) else Exit.UNSAFE


def verdict(where: Positions) -> Exit:
    """The exit code of `status`, for a deployer to act on."""
    if any(position.beyond for position in where.values()):
        return Exit.BEYOND
    if where[Phase.EXPAND].pending:
        return Exit.EXPAND_PENDING
    return Exit.CONTRACT_PENDING if where[Phase.CONTRACT].pending else Exit.DONE


def _migrator(limits: Limits, say: _Say, history: History | None = None) -> Migrator:
    url = address(chassis.load(MigrateSettings).database_owner_url)
    return Migrator(url, history or History(), limits, say)


def _exit_of(error: DatabaseError) -> Exit:
    match error:
        case SchemaBehindError():
            return Exit.EXPAND_PENDING
        case SchemaBeyondError():
            return Exit.BEYOND
        case MigrationBusyError() | UnreachableError():
            return Exit.TRY_AGAIN
        case _:
            return Exit.FAILED


def _seconds(value: str) -> float:
    seconds = float(value)
    # PostgreSQL takes whole milliseconds, and none of them for no limit at all.
    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{value} is not between {_LEAST_SECONDS:g} and {_MOST_SECONDS} seconds"
        )
    return seconds


def _count(value: str) -> int:
    count = int(value)
    if not 1 <= count <= _MOST_ATTEMPTS:
        raise argparse.ArgumentTypeError(f"{value} is not between 1 and {_MOST_ATTEMPTS}")
    return count


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
