import pytest

from grpc_kafka._kafka._bearings import INTERVAL, Bearings

_COORDINATOR = {"source": "logical", "state": "INIT"}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("grpc_kafka._kafka._bearings.time.monotonic", made)
    return made


@pytest.mark.parametrize("source", ["configured", "learned"])
def test_a_client_whose_brokers_are_all_down_is_not_lost(clock: Clock, source: str) -> None:
    bearings = Bearings()
    for _ in range(60):
        bearings.measured([_COORDINATOR, {"source": source, "state": "DOWN"}])
        clock.now += 1
        assert not bearings.lost


@pytest.mark.parametrize("listed", [[], [_COORDINATOR]])
def test_a_client_without_any_broker_is_lost_after_some_seconds(
    clock: Clock, listed: list[dict[str, str]]
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
    bearings.measured([{"source": "configured"}])
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
