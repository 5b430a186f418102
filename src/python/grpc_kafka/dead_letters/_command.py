"""The command: what it is told, and what it does."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from grpc_kafka._commands import SettingsError, add_brokers, say, seconds, settings_of
from grpc_kafka._contracts import ContractsError, pool_of
from grpc_kafka.dead_letters._decoding import text_of
from grpc_kafka.dead_letters._errors import DeadLettersError, NoSuchLetterError
from grpc_kafka.dead_letters._letters import Stored
from grpc_kafka.dead_letters._shelf import Shelf
from grpc_kafka.dead_letters._text import description_of, line_of, printable

_EPILOG = """\
examples:
  python -m grpc_kafka.dead_letters --bootstrap localhost:9092 list blue.shop.v1.Store
  python -m grpc_kafka.dead_letters --bootstrap localhost:9092 show blue.shop.v1.Store \\
      --partition 0 --offset 3
  python -m grpc_kafka.dead_letters --bootstrap localhost:9092 replay blue.shop.v1.Store \\
      --partition 0 --offset 3 --timeout 60
  python -m grpc_kafka.dead_letters --bootstrap localhost:9092 drop blue.shop.v1.Store --all
  python -m grpc_kafka.dead_letters --bootstrap kafka:9093 --option security.protocol=SSL \\
      --option ssl.ca.location=ca.pem list blue.shop.v1.Store

list prints a line for each letter: partition, offset, time, method, reason and key, separated by
tabs. A replayed request goes to its queue as it was, without its deadline or with a new one; its
caller has its answer already, so the new one is read by nobody. What was replayed or dropped is
not listed any more.

exit codes: 0 done; 1 the brokers or a file did not give what was asked for; 2 the arguments or the
settings are not understood; 3 there is no such letter; 130 interrupted.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; gives the exit code."""
    told = _parse(arguments)
    try:
        _run(told)
    except NoSuchLetterError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    except (DeadLettersError, ContractsError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _run(told: argparse.Namespace) -> None:
    shelf = Shelf(told.bootstrap, told.queue, settings_of(told))
    letters = _chosen(shelf.letters(), told)
    for letter in letters:
        _do(shelf, letter, told)
    if not letters:
        sys.stderr.write(f"{told.queue} has no dead letters\n")


def _do(shelf: Shelf, letter: Stored, told: argparse.Namespace) -> None:
    partition, offset = letter.place
    if told.action == "list":
        say(line_of(letter))
    elif told.action == "show":
        pool = pool_of(told.descriptors, letter.method)
        say(description_of(letter, text_of(letter.message, letter.method, pool)))
    elif told.action == "replay":
        deadline = None if told.timeout is None else time.time() + told.timeout
        shelf.replay(letter, deadline)
        say(f"replayed partition {partition}, offset {offset} {printable(letter.method)}".rstrip())
    else:
        shelf.drop(letter)
        say(f"dropped partition {partition}, offset {offset} {printable(letter.method)}".rstrip())


def _chosen(letters: list[Stored], told: argparse.Namespace) -> list[Stored]:
    chosen = [
        letter
        for letter in letters
        if told.partition in (None, letter.place[0]) and told.offset in (None, letter.place[1])
    ]
    if told.offset is not None and not chosen:
        place = f"partition {told.partition}, offset {told.offset}"
        raise NoSuchLetterError(f"{told.queue} has no dead letter at {place}")
    return chosen


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m grpc_kafka.dead_letters",
        description="Looks at what a queue's servers have set aside, and replays or drops it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add_brokers(parser)
    add("action", choices=["list", "show", "replay", "drop"])
    add("queue", metavar="QUEUE", help="the queue's topic: <lane>.<fully.qualified.Service>")
    add("--partition", type=int, metavar="P", help="only letters in this partition")
    add("--offset", type=int, metavar="O", help="only the letter at this offset of the partition")
    add("--all", action="store_true", help="replay or drop all letters, or all of the partition")
    add("--timeout", type=seconds, metavar="SECONDS", help="replay with this long a deadline")
    add("--descriptors", type=Path, metavar="FILE", help="show: contracts, a FileDescriptorSet")
    told = parser.parse_args(arguments)
    wrong = _wrong(told)
    if wrong:
        parser.error(wrong)
    return told


def _wrong(told: argparse.Namespace) -> str:
    """What is not right about the arguments, if anything."""
    changes = told.action in ("replay", "drop")
    if told.offset is not None and told.partition is None:
        return "--offset needs --partition"
    if changes and (told.offset is None) != told.all:
        return f"{told.action} needs either --partition and --offset, or --all"
    if told.timeout is not None and told.action != "replay":
        return "--timeout is for replay"
    if told.descriptors is not None and told.action != "show":
        return "--descriptors is for show"
    return ""
