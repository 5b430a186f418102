"""Which records that wait may leave as one."""

from __future__ import annotations

from collections.abc import Callable

from grpc_kafka._errors import BrokerError, RecordTooLargeError
from grpc_kafka._kafka._line import Parcel
from grpc_kafka.protocol import SHARED, Plain, Responses, encode_responses, key_of

type Apart = Callable[[Parcel], None]


class Crate:
    """Answers to one process, as many as a record holds, each with its parcel."""

    def __init__(self) -> None:
        self._parcels: list[Parcel] = []
        self._answers: list[tuple[bytes, bytes]] = []
        self._room = SHARED

    def takes(self, parcel: Parcel, answer: Plain) -> bool:
        """Add one, if there is room."""
        size = answer.size
        if size > self._room:
            return False
        self._room -= size
        self._parcels.append(parcel)
        self._answers.append((answer.call_id, answer.message))
        return True

    def closed(self, to: str, apart: Apart) -> Parcel:
        """One parcel with all of them."""
        parcels = self._parcels
        first = parcels[0]
        if len(parcels) == 1:
            return first

        def report(error: BrokerError | None) -> None:
            for parcel in parcels:
                if isinstance(error, RecordTooLargeError):
                    apart(parcel)
                else:
                    parcel.report(error)

        record = encode_responses(Responses(key_of(to), to, tuple(self._answers)))
        return Parcel(first.topic, record, report, first.partition)


def joined(parcels: list[Parcel], apart: Apart) -> list[Parcel]:
    """These parcels, but small answers to the same process as one.

    All others keep their order. An answer is the only one of its call, so nothing has to stay
    ahead of it.

    Args:
        parcels: in the order in which they came.
        apart: given each parcel of a record that turned out to be too large for the brokers.

    """
    made: list[Parcel] = []
    crates: dict[tuple[str, int | None, str], list[Crate]] = {}
    for parcel in parcels:
        answer = parcel.record
        if not isinstance(answer, Plain):
            made.append(parcel)
            continue
        place = parcel.topic, parcel.partition, answer.to
        filled = crates.setdefault(place, [])
        if not filled or not filled[-1].takes(parcel, answer):
            filled.append(Crate())
            filled[-1].takes(parcel, answer)
    for (_, _, to), filled in crates.items():
        made += [crate.closed(to, apart) for crate in filled]
    return made
