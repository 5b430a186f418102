from datetime import UTC, datetime

import pytest

from bluegreen.errors import PortError
from bluegreen.journal import Journal, Run
from bluegreen.memory import Files, MemoryClock
from bluegreen.store import AUDIT, Event, Record, Store
from bluegreen.testing import World

GONE = PortError("the server is away")


def journal(world: World) -> Journal:
    run = Run("run", "anna", lambda text: text)
    return Journal(Store(Files(world)), MemoryClock(world), run, world.told.append)


def events(records: list[Record]) -> list[tuple[str, Event]]:
    return [(each.step, each.event) for each in records]


def test_who_watches_is_told_of_a_stage_by_the_time_here_while_the_server_is_away() -> None:
    world = World()
    world.faults["now"] = [GONE] * 2
    began = datetime.now(UTC)
    with journal(world).stage("push account"):
        pass
    assert events(world.told) == [
        ("push account", Event.STARTED),
        ("push account", Event.SUCCEEDED),
    ]
    assert all(began <= each.at <= datetime.now(UTC) for each in world.told)
    assert AUDIT not in world.files


def test_who_watches_is_told_of_a_step_that_the_server_does_not_take() -> None:
    world = World()
    world.faults["now"] = [GONE]
    with pytest.raises(PortError, match="the server is away"):
        journal(world).note("pull", Event.STARTED, 0.0)
    assert events(world.told) == [("pull", Event.STARTED)]
