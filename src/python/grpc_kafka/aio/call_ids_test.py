"""Call ids: as long as they should be, and none twice."""

from __future__ import annotations

from grpc_kafka.aio._call_ids import CallIds
from grpc_kafka.protocol import CALL_ID_LENGTH


def test_no_call_id_comes_twice_also_when_more_are_drawn_than_at_once() -> None:
    ours, theirs = CallIds(), CallIds()
    drawn = [ids.draw() for ids in (ours, theirs) for _ in range(2000)]
    assert {len(each) for each in drawn} == {CALL_ID_LENGTH}
    assert len(set(drawn)) == len(drawn)
