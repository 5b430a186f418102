"""The command: what it is told, and what it does."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from grpc_kafka._commands import DIFFERS, SettingsError, add_brokers, end, say, seconds, settings_of
from grpc_kafka._errors import TopicsError
from grpc_kafka._names import dead_letters_of
from grpc_kafka.topics._cluster import Cluster
from grpc_kafka.topics._definitions import Overrides, read
from grpc_kafka.topics._differences import Difference, Step, differences
from grpc_kafka.topics._toml import DefinitionsError
from grpc_kafka.topics._topic import Topic

_EPILOG = """\
examples:
  python -m grpc_kafka.topics plan infra/kafka/services.toml --bootstrap localhost:9092 \\
      --lane blue
  python -m grpc_kafka.topics create infra/kafka/services.toml --bootstrap kafka:9093 \\
      --options-file admin.properties --lane blue --lane green --replication 3 --min-in-sync 2
  python -m grpc_kafka.topics create infra/kafka/services.toml --bootstrap localhost:9092 \\
      --lane blue --apply
  python -m grpc_kafka.topics check infra/kafka/services.toml --bootstrap localhost:9092 \\
      --lane blue
  python -m grpc_kafka.topics empty infra/kafka/services.toml --bootstrap localhost:9092 \\
      --lane green

plan and check say what differs from the file, a line each: + is missing and create makes it; ~ is
there, and create --apply changes it; ! is changed by hand. create makes what is missing, and with
--apply adds partitions and changes settings. Topics that the file does not define are left alone,
and no topic is ever deleted. empty removes what is in the queues and inboxes of lanes, not their
dead letters, before a release starts there; it refuses while processes read them. Partitions that
are added move keys: a call is not lost by it, but do it when little is under way.

exit codes: 0 all is as the file has it; 1 the brokers did not answer or refused; 2 the arguments
or the file are not understood; 3 something differs; 130 interrupted.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; gives the exit code."""
    told = _parse(arguments)
    try:
        overrides = Overrides(told.replication, told.min_in_sync)
        topics = read(told.file.read_text(encoding="utf-8"), told.lane, overrides)
        options = settings_of(told)
    except (OSError, UnicodeDecodeError) as error:
        return end(2, f"a file cannot be read: {error}")
    except SettingsError as error:
        return end(2, str(error))
    except DefinitionsError as error:
        return end(2, f"{told.file}: {error}")
    try:
        return _run(told, topics, options)
    except TopicsError as error:
        return end(1, str(error))


def _run(told: argparse.Namespace, topics: list[Topic], options: dict[str, str]) -> int:
    cluster = Cluster(told.bootstrap, options, told.timeout)
    if told.action == "empty":
        return _empty(cluster, topics, told)
    found = differences(topics, cluster.look(topics))
    left = [each for each in found if not _done(cluster, each, told)]
    if not left:
        return end(0, f"{len(topics)} topics are as {told.file} has them")
    advice = {
        "create": "--apply changes what has a ~",
        "plan": "create makes what has a +, with --apply also what has a ~",
    }.get(told.action, "plan says what create would do")
    return end(DIFFERS, f"{len(left)} differences from {told.file}; {advice}")


def _empty(cluster: Cluster, topics: list[Topic], told: argparse.Namespace) -> int:
    names = {topic.name for topic in topics}
    letters = {dead_letters_of(name) for name in names}
    emptied = cluster.empty(names - letters)
    for name in emptied:
        say(f"{name}: emptied")
    return end(0, f"{len(emptied)} topics of {', '.join(told.lane)} are empty")


def _done(cluster: Cluster, difference: Difference, told: argparse.Namespace) -> bool:
    """Do what there is to be done, and say so; whether the difference is none any more."""
    creates = told.action == "create"
    if creates and difference.step is Step.CREATE:
        cluster.create(difference.topic)
        say(f"{difference}: created")
        return True
    if creates and told.apply and difference.step is Step.APPLY:
        cluster.apply(difference)
        say(f"{difference}: changed")
        return True
    say(str(difference))
    return False


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m grpc_kafka.topics",
        description="Makes the topics of a Kafka cluster what one file says that they are.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("action", choices=["plan", "create", "check", "empty"])
    add("file", type=Path, metavar="FILE", help="the definitions, TOML; see docs/topics.md")
    add_brokers(parser)
    add("--lane", action="append", default=[], help="instead of the file's lanes; may be repeated")
    add("--replication", type=_count, metavar="N", help="replicas, instead of the file's")
    add("--min-in-sync", type=_count, metavar="N", help="min.insync.replicas, likewise")
    add("--apply", action="store_true", help="create: change what is there, too")
    add("--timeout", type=seconds, default=60.0, metavar="SECONDS", help="for all; 60 by default")
    told = parser.parse_args(arguments)
    if told.apply and told.action != "create":
        parser.error("--apply is for create")
    if told.action == "empty" and not told.lane:
        parser.error("empty wants --lane: the lane that nobody is in")
    return told


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
