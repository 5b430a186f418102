"""Which groups pass for served."""

from __future__ import annotations

import pytest
from confluent_kafka import ConsumerGroupState

from grpc_kafka._kafka._lookout import is_served

_STATE = ConsumerGroupState


@pytest.mark.parametrize("state", [_STATE.EMPTY, _STATE.DEAD, _STATE.STABLE, _STATE.UNKNOWN])
def test_a_group_without_members_serves_nothing(state: ConsumerGroupState) -> None:
    assert not is_served(state, [])


def test_members_serve_when_one_of_them_has_a_partition() -> None:
    assert is_served(_STATE.STABLE, [0, 4])
    assert not is_served(_STATE.STABLE, [0, 0])


@pytest.mark.parametrize(
    "state", [_STATE.PREPARING_REBALANCING, _STATE.COMPLETING_REBALANCING, _STATE.UNKNOWN]
)
def test_members_that_share_out_the_partitions_just_now_serve(state: ConsumerGroupState) -> None:
    assert is_served(state, [0])
