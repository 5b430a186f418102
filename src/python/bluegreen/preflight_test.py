"""What ends a deploy before anything is touched."""

from datetime import timedelta

import pytest

from bluegreen.errors import PortError, StepError, TemporaryError
from bluegreen.plan import Deploy, Rollback
from bluegreen.testing import World, release, served_by, with_deployed

ONE, TWO = release(1), release(2)
REFUSED = PortError("the registry refuses the login")


@pytest.mark.parametrize(
    ("world", "missing"),
    [
        (World(free_bytes=10**8), "0.1 GB are free"),
        (World(skew=60.0), "clock is 60 s off"),
        (World(engine="24.0.9"), "Docker 24.0.9 does not know .*25.0 or newer"),
        (World(faults={"ask_registry": [REFUSED]}), "the registry refuses the login"),
    ],
    ids=["disk", "clock", "engine", "registry"],
)
def test_a_server_that_is_not_fit_is_not_touched(world: World, missing: str) -> None:
    with pytest.raises(StepError, match=rf"preflight failed: .*{missing}.*what runs was not tou"):
        world.run(Deploy(ONE))
    assert list(world.files) == ["audit.jsonl"]


def test_a_registry_that_is_away_is_asked_again_and_then_ends_a_deploy_in_its_preflight() -> None:
    world = with_deployed(1)
    away = TemporaryError("the registry is away")
    world.faults["ask_registry"] = [away] * 4
    before = dict(world.lanes)
    with pytest.raises(StepError, match="preflight failed: the registry is away; what runs was no"):
        world.run(Deploy(TWO))
    assert (world.lanes, served_by(world)) == (before, ONE.version)
    world.faults["ask_registry"] = [away] * 3
    began = world.now
    world.run(Deploy(TWO))
    assert served_by(world) == TWO.version
    assert world.now - began >= timedelta(seconds=7)


def test_a_deploy_that_has_nothing_more_to_pull_asks_no_registry_as_it_goes_on() -> None:
    world = with_deployed(1)
    world.faults["end_requests"] = [PortError("the engine refuses")]
    with pytest.raises(StepError, match="drain-http blue failed"):
        world.run(Deploy(TWO))
    world.images.clear()  # as `docker image prune` may have done
    world.faults["ask_registry"] = [REFUSED]
    world.run(Deploy(TWO))
    assert served_by(world) == TWO.version


def test_a_rollback_to_images_that_the_server_has_asks_no_registry() -> None:
    world = with_deployed(1, 2)
    world.faults["ask_registry"] = [REFUSED]
    world.run(Rollback(ONE))
    assert served_by(world) == ONE.version
    world.images.difference_update(TWO.images.values())
    with pytest.raises(StepError, match="preflight failed: the registry refuses the login"):
        world.run(Rollback(TWO))


def full(world: World) -> World:
    """A server without room, whose clock is another one than that of the deployer."""
    world.free_bytes, world.skew = 10**9, 40.0
    return world


def test_a_rollback_to_images_that_the_server_has_goes_on_without_room_and_time() -> None:
    world = full(with_deployed(1, 2))
    world.run(Rollback(ONE))
    assert served_by(world) == ONE.version
    assert world.said == [
        "warning: 1.0 GB are free on the server's disk, and 2.0 GB are wanted; prune, or add room",
        "warning: the server's clock is 40 s off; set both by NTP",
    ]
    world.images.difference_update(TWO.images.values())
    with pytest.raises(StepError, match=r"preflight failed: 1\.0 GB are free"):
        world.run(Rollback(TWO))


def test_a_deploy_that_has_nothing_more_to_pull_goes_on_without_room_and_time() -> None:
    world = with_deployed(1)
    world.faults["end_requests"] = [PortError("the engine refuses")]
    with pytest.raises(StepError, match="drain-http blue failed"):
        world.run(Deploy(TWO))
    full(world).run(Deploy(TWO))
    assert served_by(world) == TWO.version
    assert len(world.said) == 2


def test_what_begins_anew_wants_room_and_time() -> None:
    world = full(with_deployed(1))
    world.images.update(TWO.images.values())
    with pytest.raises(StepError, match=r"preflight failed: 1\.0 GB are free"):
        world.run(Deploy(TWO))
