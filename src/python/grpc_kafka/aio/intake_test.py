from __future__ import annotations

from typing import TYPE_CHECKING

from grpc_kafka import Endpoint, Health
from grpc_kafka._broker import Record
from grpc_kafka._counters import Counters
from grpc_kafka.aio._care import Turns
from grpc_kafka.aio._dead_letters import DeadLetters
from grpc_kafka.aio._intake import Intake, Ticket
from grpc_kafka.protocol import Cancel, Frame, encode_cancel
from grpc_kafka.testing import InMemoryBroker

if TYPE_CHECKING:
    from collections.abc import Callable


class _Queue:
    def __init__(self) -> None:
        self.committed: list[tuple[int, int]] = []

    def commit(self, partition: int, position: int) -> None:
        self.committed.append((partition, position))

    def mark(self, _partition: int, _mark: str, _marked: Callable[[], None]) -> None:
        raise AssertionError("nothing is suspected here")

    def hold(self, _partition: int) -> None:
        raise AssertionError("nothing is suspected here")

    def release(self, _partition: int) -> None:
        raise AssertionError("nothing is suspected here")

    def pause(self) -> None:
        raise AssertionError("an intake does not pause")

    def resume(self) -> None:
        raise AssertionError("an intake does not resume")

    def lag(self) -> int:
        raise AssertionError("an intake does not ask what it has not taken")

    def healthy(self) -> Health:
        return Health(ok=True, detail="")

    async def close(self) -> None:
        raise AssertionError("an intake does not close")


class _Desk:
    """Takes tickets, and finishes none by itself."""

    def __init__(self) -> None:
        self.tickets: list[Ticket] = []
        self.queue = _Queue()
        self.left = 0
        sender = InMemoryBroker().sender(Endpoint("nowhere:1", "blue", "tests"), every_report=True)
        counters = Counters()
        letters = DeadLetters(sender, "blue", counters)
        self.intake = Intake(self._serve, lambda: None, counters, letters=letters, turns=Turns())
        self.intake.attach(self.queue)

    def _serve(self, _frame: Frame, ticket: Ticket) -> None:
        self.tickets.append(ticket)

    def take(self, *offsets: int, partition: int = 0) -> None:
        key, headers, value = encode_cancel(Cancel(bytes(16)))
        records = [Record("q", partition, each, key, headers, value) for each in offsets]
        self.intake.receive(records)

    def leave(self, *partitions: int) -> None:
        def left() -> None:
            self.left += 1

        self.intake.leave(partitions, left)


def test_a_partition_without_work_is_left_at_once() -> None:
    desk = _Desk()
    desk.leave(0, 1)
    assert desk.left == 1


def test_a_partition_is_left_when_its_last_work_is_finished_and_committed() -> None:
    desk = _Desk()
    desk.take(0, 1)
    desk.take(7, partition=1)
    desk.leave(0)
    desk.tickets[1].finish()
    assert (desk.left, desk.queue.committed) == (0, [])
    desk.tickets[0].finish()
    assert (desk.left, desk.queue.committed) == (1, [(0, 2)])
    assert desk.tickets[0].void
    assert not desk.tickets[2].void


def test_what_is_left_to_the_next_member_holds_nothing_up() -> None:
    desk = _Desk()
    desk.take(0, 1)
    desk.leave(0)
    desk.tickets[0].finish()
    desk.tickets[1].drop()
    assert desk.left == 1
    assert desk.queue.committed == [(0, 1)]


def test_tickets_of_a_forgotten_partition_move_nothing() -> None:
    desk = _Desk()
    desk.take(0)
    desk.leave(0)
    desk.intake.forget([0])
    desk.tickets[0].finish()
    desk.tickets[0].drop()
    assert (desk.left, desk.queue.committed) == (0, [])
    desk.take(0)
    assert not desk.tickets[1].void
    desk.tickets[1].finish()
    assert desk.queue.committed == [(0, 1)]


def test_a_partition_that_went_back_without_a_word_begins_anew() -> None:
    desk = _Desk()
    desk.take(5, 6)
    desk.take(5)
    desk.tickets[0].finish()
    assert desk.queue.committed == []
    assert [ticket.void for ticket in desk.tickets] == [True, True, False]
    desk.tickets[2].finish()
    assert desk.queue.committed == [(0, 6)]
    desk.leave(0)
    assert desk.left == 1
