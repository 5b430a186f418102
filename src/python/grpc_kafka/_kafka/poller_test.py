"""The poller: what a rebalance takes away between two reads is not handed over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from grpc_kafka._kafka._poller import Poller
from grpc_kafka._kafka._pulse import Pulse

if TYPE_CHECKING:
    from confluent_kafka import Consumer

    from grpc_kafka._broker import Record


@dataclass
class Message:
    """A message of a partition, as a consumer gives it."""

    number: int

    def topic(self) -> str:
        return "queue"

    def partition(self) -> int:
        return self.number

    def offset(self) -> int:
        return 7

    def key(self) -> bytes:
        return b"key"

    def value(self) -> bytes:
        return b"value"

    def headers(self) -> None:
        return None

    def error(self) -> None:
        return None


@dataclass
class ScriptedConsumer:
    """Gives one message, then a batch, during which these partitions are taken away."""

    first: Message
    batch: list[Message]
    taken_away: set[int]
    poller: list[Poller] = field(default_factory=list)
    given: bool = False

    def poll(self, _seconds: float) -> Message | None:
        if self.given or not self.poller:
            return None
        self.given = True
        return self.first

    def consume(self, _count: int, _seconds: float) -> list[Message]:
        self.poller[0].drop(self.taken_away)
        return self.batch

    def close(self) -> None:
        pass


@dataclass
class EndlessConsumer:
    """Always has one more message."""

    given: int = 0

    def poll(self, _seconds: float) -> Message:
        self.given += 1
        return Message(1)

    def consume(self, _count: int, _seconds: float) -> list[Message]:
        return []

    def close(self) -> None:
        pass


def _unwanted() -> Consumer:
    raise AssertionError("nothing is lost")


@pytest.mark.parametrize(("taken_away", "expected"), [(set(), [1, 2]), ({1}, [2]), ({3}, [1, 2])])
async def test_a_message_of_a_partition_that_moved_meanwhile_is_left_to_its_new_owner(
    taken_away: set[int], expected: list[int]
) -> None:
    consumer = ScriptedConsumer(Message(1), [Message(2)], taken_away)
    received: asyncio.Future[Sequence[Record]] = asyncio.get_running_loop().create_future()
    poller = Poller(
        cast("Consumer", consumer),
        Pulse("queue"),
        received.set_result,
        name="queue",
        prepare=lambda: None,
        renew=_unwanted,
        turn=lambda: 0.001,
    )
    consumer.poller.append(poller)
    records = await asyncio.wait_for(received, 5)
    await poller.close()
    assert [record.partition for record in records] == expected


async def test_a_loop_that_is_behind_is_handed_no_more() -> None:
    consumer = EndlessConsumer()
    taken = 0

    def take(records: Sequence[Record]) -> None:
        nonlocal taken
        taken += len(records)

    poller = Poller(
        cast("Consumer", consumer),
        Pulse("queue"),
        take,
        name="queue",
        prepare=lambda: None,
        renew=_unwanted,
        turn=lambda: 0.001,
    )
    time.sleep(0.2)  # noqa: ASYNC251 - the loop shall be behind
    assert consumer.given <= 3
    async with asyncio.timeout(20):
        while taken <= 3:  # noqa: ASYNC110 - the thread is not asked to tell
            await asyncio.sleep(0.001)
    await poller.close()
    assert taken == consumer.given
