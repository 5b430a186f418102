"""Calls and streams over Kafka beside grpc.aio direct over loopback, in one interleaved run.

`python -m benchmarks.transport` measures the embedded broker, and Apache Kafka too where
`TANDEM_TEST_KAFKA_LIBS` names its jars; a further argument `unary` or `streams` leaves out the
other. Server and client are processes of their own. Machines differ and share their time with
others: what lasts of the tables are their ratios.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import grpc

from benchmarks.transport import streams
from benchmarks.transport.echo import APPLICATION, METHOD, SERVICE
from benchmarks.transport.measure import IN_FLIGHT, Figures, Method, measure
from grpc_kafka import Endpoint, aio, topics
from tests.support import embedded_kafka, kafka

ROUNDS = 5
SECONDS = 2.0
"""Of each transport in each round."""

_DIRECT = "grpc.aio direct"


@contextmanager
def _serving(*arguments: str) -> Iterator[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(  # noqa: S603 - a module of this very package
        [sys.executable, "-m", "benchmarks.transport.echo", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait(20)


def _over(stack: ExitStack, bootstrap: str, settings: Mapping[str, str]) -> grpc.aio.Channel:
    endpoint = Endpoint(bootstrap, f"b{uuid.uuid4().hex[:8]}", APPLICATION, settings)
    if not settings:
        names = [topics.of_queue(endpoint.lane, SERVICE)]
        names.append(topics.of_inbox(endpoint.lane, APPLICATION))
        topics.create(bootstrap, [topics.Topic(name) for name in names])
    stack.enter_context(_serving("kafka", bootstrap, endpoint.lane, json.dumps(dict(settings))))
    return aio.channel(endpoint)


async def _measure(channels: dict[str, grpc.aio.Channel]) -> dict[str, Figures]:
    figures = {name: Figures() for name in channels}
    methods: dict[str, Method] = {
        name: channel.unary_unary(METHOD) for name, channel in channels.items()
    }
    for method in methods.values():
        await measure(method, Figures(), 1.0)
    for _ in range(ROUNDS):
        for name, method in methods.items():
            await measure(method, figures[name], SECONDS)
    return figures


async def _measure_streams(channels: dict[str, grpc.aio.Channel]) -> dict[str, streams.Rates]:
    rates = {name: streams.Rates() for name in channels}
    for channel in channels.values():
        await streams.measure(channel, streams.Rates())
    for _ in range(ROUNDS):
        for name, channel in channels.items():
            await streams.measure(channel, rates[name])
    return rates


def _report(figures: dict[str, Figures]) -> None:
    direct = figures[_DIRECT]
    head = f"{'':22}{'p50 ms':>9}{'':>8}{'p99 ms':>9}{'':>8}{f'calls/s at {IN_FLIGHT}':>17}{'':>8}"
    lines = [head]
    for name, each in figures.items():
        cells = [
            f"{each.percentile(50):9.2f}{_ratio(each.percentile(50), direct.percentile(50))}",
            f"{each.percentile(99):9.2f}{_ratio(each.percentile(99), direct.percentile(99))}",
            f"{each.throughput:17.0f}{_ratio(each.throughput, direct.throughput)}",
        ]
        lines.append(f"{name:22}{''.join(cells)}")
    sys.stdout.write("\n".join(lines) + "\n")


def _report_streams(rates: dict[str, streams.Rates]) -> None:
    titles = [f"{direction:>28}" for direction in streams.DIRECTIONS]
    lines = [f"{'messages/s (range)':22}{''.join(titles)}"]
    for name, each in rates.items():
        cells = [
            f"{each.middle(direction):8.0f}{_range(each.of[direction]):>13}"
            f"{_ratio(each.middle(direction), rates[_DIRECT].middle(direction)):>7}"
            for direction in streams.DIRECTIONS
        ]
        lines.append(f"{name:22}{''.join(cells)}")
    sys.stdout.write("\n".join(lines) + "\n")


def _range(values: list[float]) -> str:
    return f"({min(values) / 1000:.1f}-{max(values) / 1000:.1f}k)"


def _ratio(value: float, of: float) -> str:
    return f"{f'x{value / of:.2f}':>8}"


def main() -> None:
    """Measure and print."""
    with ExitStack() as stack:
        asyncio.run(_all(stack, sys.argv[1:] or ["unary", "streams"]))


async def _all(stack: ExitStack, wanted: list[str]) -> None:
    port = stack.enter_context(_serving("direct"))
    embedded = stack.enter_context(embedded_kafka.running())
    channels = {
        _DIRECT: grpc.aio.insecure_channel(f"127.0.0.1:{port}"),
        "embedded broker": _over(stack, embedded, embedded_kafka.SETTINGS),
    }
    if os.environ.get(kafka.LIBS):
        broker = stack.enter_context(kafka.running())
        channels["Apache Kafka"] = _over(stack, broker.bootstrap_servers, {})
    if "unary" in wanted:
        _report(await _measure(channels))
    if "streams" in wanted:
        _report_streams(await _measure_streams(channels))
    for channel in channels.values():
        await channel.close()


if __name__ == "__main__":
    main()
