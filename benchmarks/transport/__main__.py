"""gRPC over Kafka beside what else carries calls, in one interleaved run.

`./pants run benchmarks:transport` measures all that this machine has the servers for, and prints
Markdown. docs/performance.md says what is measured, and how.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.servers import apache_kafka
from benchmarks.servers.programs import MissingError
from benchmarks.transport import line_up, promises
from benchmarks.transport.line_up import Kafka, LineUp, interpreter_of
from benchmarks.transport.noise import Noise
from benchmarks.transport.processes import ProcessError
from benchmarks.transport.promises import Promise
from benchmarks.transport.suite import memory, start_up, streaming, takeover, unary, unary_report
from benchmarks.transport.suite.memory import NotInFlightError
from benchmarks.transport.suite.options import Options
from benchmarks.transport.suite.takeover import NothingHeldUpError
from tests.support import command_line, embedded_kafka

_EXAMPLES = """\
  ./pants run benchmarks:transport                                all of it, in ten minutes
  ./pants run benchmarks:transport -- unary --only kafka direct   these two beside each other
  ./pants run benchmarks:transport -- --embedded                  without Apache Kafka

A server that is not there is left out, and is named at the end.
"""

NAMES = {
    "raw": line_up.RAW,
    "awaited": line_up.AWAITED,
    "kafka": line_up.OURS,
    "direct": line_up.DIRECT,
    "aiokafka": line_up.AIOKAFKA_KEPT,
    "aiokafka-bare": line_up.AIOKAFKA,
    "faststream": line_up.FASTSTREAM,
    "nameko": line_up.NAMEKO,
    "nats": line_up.NATS,
}
"""What `--only` calls the transports."""

_FOR_GRPC = ("kafka", "direct")

type Report = Iterator[str | list[Promise]]
"""Texts to print as they come, and promises to print at the end."""

type Suite = Callable[[LineUp, Options, Noise], Report]


def main() -> None:
    """Measure and print."""
    wanted = _parser().parse_args()
    names = wanted.only or (_FOR_GRPC if wanted.embedded else tuple(NAMES))
    options = Options(tuple(NAMES[name] for name in names), wanted.rounds, wanted.seconds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tandem-bench-")))
        peers = interpreter_of(wanted.peers) if wanted.peers else None
        lined_up = LineUp(folder, None, peers)
        lined_up.kafka = _embedded(stack) if wanted.embedded else _apache(stack, lined_up)
        noise = Noise()
        made: list[Promise] = []
        for name in wanted.suites or SUITES:
            noise.sample()
            try:
                made += _run(SUITES[name](lined_up, options, noise))
            except (ProcessError, NotInFlightError, NothingHeldUpError) as error:
                lined_up.failed.append(f"{name}: {error}")
        noise.sample()
        if made:
            _print(promises.report(made))
        _print(noise.report())
        # Each suite asks anew for what is missing.
        for missing in dict.fromkeys(lined_up.missing):
            _print(f"Not measured: {missing}")
        for failed in lined_up.failed:
            _print(f"Failed: {failed}")


def _run(said: Report) -> list[Promise]:
    made: list[Promise] = []
    for each in said:
        if isinstance(each, str):
            _print(each)
        else:
            made += each
    return made


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("benchmarks:transport", __doc__, _EXAMPLES)
    parser.add_argument(
        "suites",
        nargs="*",
        # argparse holds no suite at all to the choices, too.
        choices=[*SUITES, []],
        metavar="SUITE",
        help=f"what to measure, of {', '.join(SUITES)} (default: all)",
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(NAMES), help="transports to measure (default: all)"
    )
    parser.add_argument("--rounds", type=int, default=7, help="of each (default: 7)")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="of one load in a round (default: 1)"
    )
    parser.add_argument("--peers", help="a Python, or a PEX, that has the peers' packages")
    parser.add_argument(
        "--embedded",
        action="store_true",
        help="librdkafka's embedded broker instead of Apache Kafka",
    )
    return parser


def _apache(stack: ExitStack, lined_up: LineUp) -> Kafka | None:
    try:
        bootstrap, pid = stack.enter_context(apache_kafka.running())
    except MissingError as error:
        lined_up.missing.append(f"anything on Apache Kafka: {error}")
        return None
    return Kafka(bootstrap, pid)


def _embedded(stack: ExitStack) -> Kafka:
    bootstrap = stack.enter_context(embedded_kafka.running())
    return Kafka(bootstrap, None, embedded_kafka.SETTINGS, creates_topics=True)


def _unary(lined_up: LineUp, options: Options, noise: Noise) -> Report:
    figures = unary.measure(lined_up, options, noise)
    yield unary_report.report(figures)
    yield unary_report.where_others_win(figures)
    yield unary_report.promises(figures)


def _streams(lined_up: LineUp, options: Options, noise: Noise) -> Report:
    rates = streaming.measure(lined_up, options, noise)
    yield streaming.report(rates)
    yield streaming.promises(rates)


def _memory(lined_up: LineUp, options: Options, _noise: Noise) -> Report:
    yield memory.report(memory.measure(lined_up, options))


def _start_up(lined_up: LineUp, options: Options, _noise: Noise) -> Report:
    yield start_up.report(start_up.measure(lined_up, options))


def _takeover(lined_up: LineUp, options: Options, _noise: Noise) -> Report:
    if line_up.OURS in options.names and lined_up.kafka is not None:
        yield takeover.report(takeover.measure(lined_up, options))


def _print(text: str) -> None:
    if text:
        sys.stdout.write(f"{text}\n\n")
        sys.stdout.flush()


SUITES: dict[str, Suite] = {
    "unary": _unary,
    "streams": _streams,
    "memory": _memory,
    "start-up": _start_up,
    "takeover": _takeover,
}
"""What can be measured, by the name on the command line."""


if __name__ == "__main__":
    main()
