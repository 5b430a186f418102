"""Which records that wait leave as one, and who is told what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from grpc_kafka._errors import BrokerError, RecordTooLargeError
from grpc_kafka._kafka._joining import joined
from grpc_kafka._kafka._line import Parcel
from grpc_kafka.protocol import SHARED, Encoded, Plain, Responses, Sendable, decode

_INBOX = "blue.account.inbox"


@dataclass
class Desk:
    """Makes parcels, and hears what became of them."""

    told: dict[int, BrokerError | None] = field(default_factory=dict)
    apart: list[Parcel] = field(default_factory=list)
    made: int = 0

    def parcel(self, record: Sendable, *, topic: str = _INBOX, partition: int | None = 0) -> Parcel:
        number, self.made = self.made, self.made + 1

        def report(error: BrokerError | None) -> None:
            assert number not in self.told
            self.told[number] = error

        return Parcel(topic, record, report, partition)

    def answer(
        self, number: int, to: str = "me", message: bytes = b"x", *, topic: str = _INBOX
    ) -> Parcel:
        return self.parcel(Plain(b"%016d" % number, to, message), topic=topic)

    def joined(self, *parcels: Parcel) -> list[Parcel]:
        return joined(list(parcels), self.apart.append)


def _numbers(parcel: Parcel) -> list[int]:
    record = parcel.record
    frame = decode(record.key, record.headers, record.value)
    assert isinstance(frame, Responses)
    return [int(call_id) for call_id, _ in frame.answers]


def test_answers_to_one_process_leave_as_one_record_in_their_order() -> None:
    desk = Desk()
    (one,) = desk.joined(*[desk.answer(number) for number in range(5)])
    assert _numbers(one) == [0, 1, 2, 3, 4]
    assert (one.topic, one.partition) == (_INBOX, 0)


def test_answers_to_several_processes_and_places_are_not_mixed() -> None:
    desk = Desk()
    parcels = [
        desk.answer(number, to, topic=topic)
        for number, (to, topic) in enumerate(
            [("me", _INBOX), ("you", _INBOX), ("me", "blue.other.inbox")] * 2
        )
    ]
    made = desk.joined(*parcels)
    assert [_numbers(parcel) for parcel in made] == [[0, 3], [1, 4], [2, 5]]
    assert [parcel.topic for parcel in made] == [_INBOX, _INBOX, "blue.other.inbox"]


def test_one_answer_and_whatever_is_no_plain_one_leave_as_they_are() -> None:
    desk = Desk()
    lonely = desk.answer(1)
    others = [desk.parcel(Encoded(b"%d" % number, [], b"")) for number in range(3)]
    assert desk.joined(others[0], lonely, *others[1:]) == [*others, lonely]


def test_a_record_holds_so_many_bytes_and_the_rest_leaves_in_another() -> None:
    desk = Desk()
    quarter = bytes(SHARED // 4)
    made = desk.joined(*[desk.answer(number, message=quarter) for number in range(7)])
    assert [_numbers(parcel) for parcel in made[:2]] == [[0, 1, 2], [3, 4, 5]]
    for parcel in made:
        assert len(parcel.record.value or b"") <= SHARED


def test_each_is_told_what_became_of_the_record() -> None:
    desk = Desk()
    (one,) = desk.joined(*[desk.answer(number) for number in range(3)])
    error = BrokerError("no")
    one.report(error)
    assert desk.told == {0: error, 1: error, 2: error}
    assert desk.apart == []


def test_what_is_too_large_together_goes_apart_and_nobody_is_told_that_it_failed() -> None:
    desk = Desk()
    parcels = [desk.answer(number) for number in range(3)]
    (one,) = desk.joined(*parcels)
    one.report(RecordTooLargeError("together"))
    assert desk.apart == parcels
    assert desk.told == {}
