import pytest

from grpc_kafka._kafka._bearings import INTERVAL, Bearings, Place
from grpc_kafka._kafka.conftest import Clock

_SECOND = 1_000_000
_COORDINATOR = Place(source="logical", state="TRY_CONNECT", stateage=60 * _SECOND)
_FORGOTTEN = Place(source="learned", state="INIT", stateage=4 * _SECOND)
_IDLE = Place(source="learned", state="INIT", stateage=_SECOND)
_CONFIGURED = Place(source="configured", state="TRY_CONNECT", stateage=0)


@pytest.mark.parametrize("place", [_CONFIGURED, _IDLE])
def test_a_client_that_tries_its_brokers_again_is_not_lost(clock: Clock, place: Place) -> None:
    bearings = Bearings()
    for _ in range(60):
        bearings.measured([_COORDINATOR, place])
        clock.now += 1
        assert not bearings.lost


@pytest.mark.parametrize("source", ["learned", "logical"])
def test_a_client_that_leaves_brokers_idle_beside_another_is_not_lost(
    clock: Clock, source: str
) -> None:
    bearings = Bearings()
    for _ in range(60):
        bearings.measured([_FORGOTTEN, Place(source=source, state="UP", stateage=60 * _SECOND)])
        clock.now += 1
        assert not bearings.lost


@pytest.mark.parametrize("listed", [[], [_COORDINATOR], [_FORGOTTEN, _COORDINATOR]])
def test_a_client_without_any_broker_is_lost_after_some_seconds(
    clock: Clock, listed: list[Place]
) -> None:
    bearings = Bearings()
    bearings.measured(listed)
    seen = []
    for _ in range(4):
        bearings.measured(listed)
        seen.append(bearings.lost)
        clock.now += 1
    assert seen == [False, False, False, True]


def test_a_client_that_begins_anew_by_itself_is_not_lost(clock: Clock) -> None:
    bearings = Bearings()
    bearings.measured([])
    clock.now += 2
    bearings.measured([_CONFIGURED])
    clock.now += 2
    bearings.measured([])
    clock.now += 2
    assert not bearings.lost


def test_clients_are_not_replaced_too_often(clock: Clock) -> None:
    bearings = Bearings()
    bearings.measured([])
    bearings.renewed()
    bearings.measured([])
    clock.now += INTERVAL - 1
    assert not bearings.lost
    clock.now += 1
    assert bearings.lost
