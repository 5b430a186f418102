"""One producer, with no broker to send to."""

from __future__ import annotations

import pytest

from grpc_kafka import BrokerError, Endpoint
from grpc_kafka._kafka import _settings
from grpc_kafka._kafka._line import Line, Parcel
from grpc_kafka.protocol import Encoded

_NOWHERE = Endpoint("127.0.0.1:1", "blue", "tests")
_RECORD = Encoded(b"key", [], b"value")


def _line() -> Line:
    return Line(_settings.of_producer(_NOWHERE, every_report=True), "sender")


async def test_what_was_not_sent_in_time_is_reported_before_the_line_is_closed() -> None:
    line = _line()
    told: list[BrokerError | None] = []
    for _ in range(3):
        line.put(Parcel("topic", _RECORD, told.append, None))
    assert line.unacknowledged == 3
    await line.close(0.05)
    assert [isinstance(each, BrokerError) for each in told] == [True] * 3
    assert line.unacknowledged == 0


async def test_a_closed_line_takes_nothing_and_says_that_it_is_closed() -> None:
    line = _line()
    await line.close(0)
    with pytest.raises(BrokerError, match="closed"):
        line.put(Parcel("topic", _RECORD, lambda _error: None, None))
    assert not line.healthy().ok
