"""The command: what it is told, and what it does."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from grpc_kafka._commands import (
    DIFFERS,
    SettingsError,
    add_brokers,
    end,
    password_in,
    say,
    seconds,
    settings_of,
)
from grpc_kafka._errors import AccessError
from grpc_kafka.access._cluster import Cluster
from grpc_kafka.access._differences import Difference, Step, differences
from grpc_kafka.topics._applications import Application, read_applications
from grpc_kafka.topics._toml import DefinitionsError

_EPILOG = """\
examples:
  python -m grpc_kafka.access plan infra/kafka/services.toml --bootstrap kafka:9093 \\
      --options-file admin.properties --passwords /run/secrets --lane blue
  python -m grpc_kafka.access grant infra/kafka/services.toml --bootstrap kafka:9092 \\
      --username admin --password-file /run/secrets/kafka_admin_password \\
      --option security.protocol=SASL_PLAINTEXT --passwords /run/secrets --lane blue --lane green
  python -m grpc_kafka.access check infra/kafka/services.toml --bootstrap kafka:9093 \\
      --options-file admin.properties --passwords /run/secrets --lane blue

Every application of the file is a user of that name, with SCRAM-SHA-512 and the password in the
file kafka_<application>_password of the folder. plan and check say what differs, a line each: + is
missing and grant makes it; ~ gets in by another password and grant --apply sets that of the file;
- is a right that is not needed, and grant --apply takes it away. Rights that an application needs
in another lane are left alone, and so is every user that is no application of the file.

exit codes: 0 all is as the file has it; 1 the brokers did not answer or refused; 2 the arguments
or a file are not understood; 3 something differs; 130 interrupted.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; gives the exit code."""
    told = _parse(arguments)
    try:
        lanes, applications = read_applications(told.file.read_text(encoding="utf-8"), told.lane)
        options = settings_of(told)
        passwords = _passwords(told.passwords, applications)
    except (OSError, UnicodeDecodeError) as error:
        return end(2, f"a file cannot be read: {error}")
    except SettingsError as error:
        return end(2, str(error))
    except DefinitionsError as error:
        return end(2, f"{told.file}: {error}")
    try:
        cluster = Cluster(told.bootstrap, options, told.timeout)
        return _run(cluster, told, lanes, applications, passwords)
    except AccessError as error:
        return end(1, str(error))


def _run(
    cluster: Cluster,
    told: argparse.Namespace,
    lanes: Sequence[str],
    applications: Sequence[Application],
    passwords: Mapping[str, str],
) -> int:
    entrances, rights = cluster.look(passwords)
    found = differences(applications, lanes, entrances, rights)
    left = [each for each in found if not _done(cluster, each, told, passwords)]
    if not left:
        users = f"{len(applications)} users and their rights in {', '.join(lanes)}"
        return end(0, f"{users} are as {told.file} has them")
    advice = {
        "grant": "--apply changes what has a ~ and takes away what has a -",
        "plan": "grant makes what has a +, with --apply also what has a ~ or a -",
    }.get(told.action, "plan says what grant would do")
    return end(DIFFERS, f"{len(left)} differences from {told.file}; {advice}")


def _done(
    cluster: Cluster,
    difference: Difference,
    told: argparse.Namespace,
    passwords: Mapping[str, str],
) -> bool:
    """Do what there is to be done, and say so; whether the difference is none any more."""
    if told.action != "grant" or not (told.apply or difference.step is Step.GRANT):
        say(str(difference))
        return False
    cluster.do(difference, passwords)
    done = {Step.GRANT: "granted", Step.CHANGE: "changed", Step.REVOKE: "taken away"}
    say(f"{difference}: {done[difference.step]}")
    return True


def _passwords(folder: Path, applications: Sequence[Application]) -> dict[str, str]:
    return {each.name: password_in(folder / f"kafka_{each.name}_password") for each in applications}


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m grpc_kafka.access",
        description="Makes users and their rights what one file says that applications need.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("action", choices=["plan", "grant", "check"])
    add("file", type=Path, metavar="FILE", help="the definitions, TOML; see docs/topics.md")
    add_brokers(parser)
    add(
        "--passwords",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="has kafka_<application>_password of each application",
    )
    add("--lane", action="append", default=[], help="instead of the file's lanes; may be repeated")
    add("--apply", action="store_true", help="grant: change passwords and revoke, too")
    add("--timeout", type=seconds, default=60.0, metavar="SECONDS", help="for all; 60 by default")
    told = parser.parse_args(arguments)
    if told.apply and told.action != "grant":
        parser.error("--apply is for grant")
    return told
