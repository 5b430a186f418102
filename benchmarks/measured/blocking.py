"""The main of a measured process without asyncio: `serve ADDRESS...` or `call ADDRESS...`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from benchmarks.measured import garbage
from benchmarks.measured.messages import MESSAGE, check, distinct
from benchmarks.measured.pipe import READY, Pipe


class Client(Protocol):
    """Something that sends, and receives the replies in any order."""

    def send(self, message: bytes) -> None:
        """Send one request; may return before it is on its way."""

    def receive(self) -> list[bytes]:
        """Wait for replies; return those that are there, one at least.

        Raises:
            TimeoutError: none came in `messages.TIMEOUT` seconds.
        """


type Serving = Callable[..., AbstractContextManager[Callable[[], None]]]
"""Takes the address; gives what serves for a moment, to be called again and again."""


def main(serve: Serving, connect: Callable[..., AbstractContextManager[Client]]) -> None:
    """Do as the arguments of this process say, until its standard input is closed."""
    role, *address = sys.argv[1:]
    pipe = Pipe()
    if role == "serve":
        _serve(serve(*address), pipe)
    else:
        _call(connect(*address), pipe)


def alone(client: Client, seconds: float) -> list[float]:
    """Call again and again for so long; return the seconds that each took."""
    latencies = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        client.send(MESSAGE)
        check(*client.receive())
        latencies.append(time.perf_counter() - start)
    return latencies


def together(client: Client, in_flight: int, seconds: float) -> tuple[int, float]:
    """Keep so many calls in flight for so long; return how many were answered in what time."""
    start = time.perf_counter()
    done = 0
    for _ in range(in_flight):
        client.send(MESSAGE)
    waiting = in_flight
    while waiting:
        replies = client.receive()
        for reply in replies:
            check(reply)
        done += len(replies)
        waiting -= len(replies)
        if time.perf_counter() < start + seconds:
            for _ in replies:
                client.send(MESSAGE)
            waiting += len(replies)
    return done, time.perf_counter() - start


def each_its_own(client: Client, number: int) -> int:
    """Make so many calls at once, each with a message of its own; return how many came back."""
    wanted = {distinct(each) for each in range(number)}
    for message in wanted:
        client.send(message)
    came: list[bytes] = []
    while len(came) < number:
        came += client.receive()
    for reply, message in zip(sorted(came), sorted(wanted), strict=True):
        check(reply, message)
    return number


def _serve(serving: AbstractContextManager[Callable[[], None]], pipe: Pipe) -> None:
    with serving as serve_a_moment:
        pipe.say(READY)
        garbage.look_seldom()
        while not pipe.ended():
            serve_a_moment()


def _call(connecting: AbstractContextManager[Client], pipe: Pipe) -> None:
    with connecting as client:
        able: dict[str, Callable[..., object]] = {
            "each_its_own": lambda number: each_its_own(client, int(number)),
            "alone": lambda seconds: alone(client, seconds),
            "together": lambda in_flight, seconds: together(client, int(in_flight), seconds),
        }
        each_its_own(client, 1)
        pipe.say(READY)
        garbage.look_seldom()
        while (order := pipe.heard()) is not None:
            name, arguments = order
            pipe.say(able[name](*arguments))
