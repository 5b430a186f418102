"""The broker that librdkafka carries in itself, as a process of its own.

`python -m local.broker` prints the broker's address, `host:port`, as one line on standard output,
and lives until its standard input is closed, or until SIGTERM or SIGINT. What it holds is in
memory. Topics appear when they are first written to, with four partitions.
`python -m local.broker TOML LANE` has the topics of this lane from the beginning.
"""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import Producer

from local.errors import BrokerStartError

_METADATA_TIMEOUT = 10.0  # seconds; the broker answers from this very process


def start() -> tuple[Producer, str]:
    """Start the broker; it lives as long as the producer that is returned.

    Returns:
        The producer that carries the broker, and the broker's address.

    Raises:
        BrokerStartError: librdkafka named no broker.
    """
    owner = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 4})
    brokers = owner.list_topics(timeout=_METADATA_TIMEOUT).brokers
    if not brokers:
        raise BrokerStartError
    broker = next(iter(brokers.values()))
    return owner, f"{broker.host}:{broker.port}"


def main() -> None:
    """Run the broker until it is told to end."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    threading.Thread(target=_await_end_of_input, args=(ended,), daemon=True).start()
    owner, address = start()
    for topic in _topics(sys.argv[1:]):
        owner.list_topics(topic, timeout=_METADATA_TIMEOUT)
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    ended.wait()
    del owner


def _topics(arguments: Sequence[str]) -> list[str]:
    if not arguments:
        return []
    from local.topology import needed  # noqa: PLC0415  # only here: the transport takes a while

    path, lane = arguments
    return [topic.name for topic in needed(Path(path), lane)]


def _await_end_of_input(ended: threading.Event) -> None:
    # Not sys.stdin: its buffer's lock, held by this thread, would spoil the interpreter's exit.
    while os.read(0, 4096):
        pass
    ended.set()


if __name__ == "__main__":
    main()
