"""From the records of a topic of dead letters to the letters that nobody has dealt with yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from grpc_kafka._broker import Record
from grpc_kafka.protocol import (
    Death,
    Frame,
    Letter,
    MalformedRecordError,
    Part,
    Request,
    deadline_header,
    death_of,
    decode,
    done_of,
    original_of,
)

_DEADLINE = "grpc-timeout"


class Stored(NamedTuple):
    """A letter in its topic.

    Attributes:
        record: what was set aside, and where its letter is.
        death: what is said of it.
        frame: what it says itself; None when it is no frame.
        parts: those of its request, which were set aside ahead of it.

    """

    record: Record
    death: Death
    frame: Frame | None
    parts: list[Record]

    @property
    def place(self) -> tuple[int, int]:
        """Its partition and offset."""
        return self.record.partition, self.record.offset

    @property
    def method(self) -> str:
        """The method that was called, `/package.Service/Method`; empty when it says none."""
        return self.frame.path if isinstance(self.frame, Request) else ""

    @property
    def message(self) -> bytes:
        """The value as it was before it was cut into parts."""
        return b"".join(each.value or b"" for each in (*self.parts, self.record))


def letters_in(records: Iterable[Record]) -> list[Stored]:
    """The letters that are not done with, by partition and offset."""
    records = sorted(records, key=_place_of)
    done = {(each.partition, done_of(each.headers)) for each in records}
    parts: defaultdict[tuple[int, bytes | None], list[Stored]] = defaultdict(list)
    found: list[Stored] = []
    for record in records:
        death = death_of(record.headers)
        if death is not None:
            letter = Stored(record, death, _frame_of(record), [])
            mine = (record.partition, record.key)
            if isinstance(letter.frame, Part):
                parts[mine].append(letter)
            else:
                ahead = [each.record for each in parts.pop(mine, ())]
                found.append(letter._replace(parts=_newest(ahead)))
    lonely = [letter for each in parts.values() for letter in each]
    left = [letter for letter in (*found, *lonely) if letter.place not in done]
    return sorted(left, key=lambda letter: letter.place)


def original_record(record: Record, deadline: float | None = None) -> Letter:
    """The record that was set aside, with another deadline (seconds since the epoch) or none."""
    headers = [each for each in original_of(record.headers) if each[0] != _DEADLINE]
    if deadline is not None:
        headers.append(deadline_header(deadline))
    return Letter(record.key, headers, record.value)


def _newest(parts: list[Record]) -> list[Record]:
    """The parts of one sending: a request that was set aside twice has them twice."""
    begins = [number for number, each in enumerate(parts) if _sequence_of(each) == 0]
    return parts[begins[-1] :] if begins else parts


def _sequence_of(record: Record) -> int | None:
    frame = _frame_of(record)
    return frame.sequence if isinstance(frame, Part) else None


def _frame_of(record: Record) -> Frame | None:
    try:
        return decode(record.key, original_of(record.headers), record.value)
    except MalformedRecordError:
        return None


def _place_of(record: Record) -> tuple[int, int]:
    return record.partition, record.offset
