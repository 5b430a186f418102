"""The outbox: what leaves at once, what waits, and that the order is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from grpc_kafka._errors import BrokerError, RecordTooLargeError
from grpc_kafka._kafka._line import Parcel
from grpc_kafka._kafka._outbox import FEW, LONGEST, PAUSE, Outbox
from grpc_kafka.protocol import Encoded, Plain

if TYPE_CHECKING:
    from grpc_kafka._kafka.conftest import Clock


@dataclass
class Way:
    """A producer whose broker acknowledges when the test says so."""

    log: list[tuple[str, bytes | None]]
    name: str
    unacknowledged: int = 0
    refusal: BrokerError | None = None

    def put(self, parcel: Parcel) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.unacknowledged += 1
        self.log.append((self.name, parcel.record.key))


@dataclass
class Post:
    """An outbox on two producers, and all that left it."""

    clock: Clock
    log: list[tuple[str, bytes | None]] = field(default_factory=list)
    told: list[BrokerError | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.single, self.batch = Way(self.log, "single"), Way(self.log, "batch")
        self.outbox = Outbox(self.single, self.batch)

    def put(self, *numbers: int) -> None:
        for number in numbers:
            record = Encoded(b"%d" % number, [], b"")
            self.outbox.put(Parcel("topic", record, self.told.append, None))

    @property
    def left(self) -> list[int]:
        return [int(key or b"") for _, key in self.log]

    async def pass_by(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now = min(self.clock.now + PAUSE, end)
            await asyncio.sleep(0)

    async def until_left(self, count: int) -> None:
        end = self.clock.now + 2 * LONGEST
        while len(self.log) < count:
            assert self.clock.now < end
            await self.pass_by(PAUSE)


async def test_few_records_leave_at_once(clock: Clock) -> None:
    post = Post(clock)
    post.put(*range(FEW))
    assert post.log == [("single", b"%d" % each) for each in range(FEW)]


async def test_one_record_after_the_other_never_waits(clock: Clock) -> None:
    post = Post(clock)
    for number in range(100):
        post.put(number)
        assert post.left[-1] == number
        post.single.unacknowledged = 0


async def test_many_records_wait_until_what_is_under_way_is_acknowledged_and_leave_together(
    clock: Clock,
) -> None:
    post = Post(clock)
    post.put(*range(100))
    await post.pass_by(LONGEST / 4)
    assert len(post.log) == FEW
    post.single.unacknowledged = 0
    await post.until_left(100)
    assert post.left == list(range(100))
    assert {name for name, _ in post.log[FEW:]} == {"batch"}


async def test_what_follows_many_records_soon_is_taken_for_many_and_later_is_not(
    clock: Clock,
) -> None:
    post = Post(clock)
    post.put(*range(100))
    post.single.unacknowledged = 0
    await post.until_left(100)
    post.batch.unacknowledged = 0
    post.put(100)
    assert len(post.log) == 100
    await post.until_left(101)
    post.batch.unacknowledged = 0
    await post.pass_by(0.05)
    post.put(101)
    assert post.log[-1] == ("single", b"101")


async def test_a_broker_that_is_slow_holds_up_nothing_for_long_and_the_order_stays(
    clock: Clock,
) -> None:
    post = Post(clock)
    post.put(*range(100))
    await post.until_left(100)
    # Never acknowledged: another producer's records could overtake these.
    assert {name for name, _ in post.log} == {"single"}
    assert post.left == list(range(100))


async def test_nothing_overtakes_a_batch_under_way(clock: Clock) -> None:
    post = Post(clock)
    post.batch.unacknowledged = 1
    post.put(1, 2)
    await post.until_left(2)
    assert post.log == [("batch", b"1"), ("batch", b"2")]


async def test_a_refusal_is_raised_at_once_or_told_later(clock: Clock) -> None:
    post = Post(clock)
    refusal = BrokerError("no")
    post.single.refusal = post.batch.refusal = refusal
    with pytest.raises(BrokerError):
        post.put(1)
    assert post.told == []
    post.single.unacknowledged = FEW
    post.put(2, 3)
    post.single.unacknowledged = 0
    await post.pass_by(LONGEST)
    assert post.told == [refusal, refusal]


async def test_what_waits_leaves_when_it_is_told_to(clock: Clock) -> None:
    post = Post(clock)
    post.put(*range(100))
    post.outbox.flush()
    assert post.left == list(range(100))


def _answers(post: Post, count: int) -> None:
    for number in range(count):
        plain = Plain(b"%016d" % number, "me", b"x")
        post.outbox.put(Parcel("inbox", plain, post.told.append, 0))


async def test_answers_that_wait_leave_as_one_record_and_those_that_need_not_leave_alone(
    clock: Clock,
) -> None:
    post = Post(clock)
    _answers(post, FEW + 50)
    assert post.left == list(range(FEW))
    post.single.unacknowledged = 0
    await post.until_left(FEW + 1)
    assert post.log[FEW:] == [("batch", b"me".ljust(16, b"\0"))]


async def test_answers_that_are_too_large_together_leave_one_by_one(clock: Clock) -> None:
    post = Post(clock)
    post.batch.refusal = RecordTooLargeError("together")
    _answers(post, FEW + 3)
    post.single.unacknowledged = 0
    await post.until_left(FEW + 3)
    assert post.left == list(range(FEW + 3))
    assert post.told == []
