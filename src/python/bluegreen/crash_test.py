"""A deployer that is killed, or cut off, wherever it can be."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluegreen.errors import RefusedError, StepError
from bluegreen.plan import Deploy, Prune, Rollback, Wanted, can_turn_back
from bluegreen.store import Store
from bluegreen.testing import (
    CrashError,
    World,
    contract,
    files,
    release,
    served_by,
    with_deployed,
)

ONE, TWO, THREE = release(1), release(2), release(3)
BAD = ("does not start", "answers 500", "fails with traffic", "is slow")


def crash_points(prepared: World, wanted: Wanted) -> int:
    """How many points a run has."""
    before = prepared.points
    prepared.run(wanted)
    return prepared.points - before


def killed(numbers: tuple[int, ...], wanted: Wanted, point: int) -> World:
    """A world whose deployer was killed at a point of its last run."""
    world = with_deployed(*numbers)
    world.crash_at = world.points + point
    with pytest.raises(CrashError):
        world.run(wanted)
    world.crash_at = None
    return world


AFTER: list[tuple[Wanted, set[str]]] = [
    (Deploy(TWO), {TWO.version}),
    (Deploy(THREE), {THREE.version}),
    (Rollback(ONE), {ONE.version}),
]


@pytest.mark.parametrize(("wanted", "ends"), AFTER, ids=["same", "other", "rollback"])
def test_a_deploy_that_is_killed_at_any_point_is_finished_or_undone(
    wanted: Wanted, ends: set[str]
) -> None:
    for point in range(1, crash_points(with_deployed(1), Deploy(TWO)) + 1):
        world = killed((1,), Deploy(TWO), point)
        world.run(wanted)
        assert served_by(world) in ends, point
        # Where to go back to is never the release itself, nor one that was given up.
        assert world.state.previous in {None, ONE.version, TWO.version} - ends, point
        assert wanted != Deploy(TWO) or world.state.previous == ONE.version, point


def test_what_is_brought_anew_and_killed_at_any_point_is_finished_and_keeps_the_way_back() -> None:
    anew = Deploy(TWO, anew=True)
    for point in range(1, crash_points(with_deployed(1, 2), anew) + 1):
        world = killed((1, 2), anew, point)
        world.run(Deploy(TWO))
        assert served_by(world) == TWO.version, point
        assert world.state.previous == ONE.version, point


def test_undoing_leaves_the_way_back_as_it_was() -> None:
    for point in range(1, crash_points(with_deployed(1, 2), Deploy(THREE)) + 1):
        world = killed((1, 2), Deploy(THREE), point)
        operation = world.state.operation
        if operation is None or not can_turn_back(operation):
            continue
        world.run(Rollback(None))
        assert served_by(world) == TWO.version, point
        assert world.state.previous == ONE.version, point


def test_a_connection_that_breaks_at_any_point_keeps_no_release_back() -> None:
    for point in range(1, crash_points(with_deployed(1), Deploy(TWO)) + 1):
        world = with_deployed(1)
        world.break_at = world.points + point
        world.run(Deploy(TWO))
        assert served_by(world) == TWO.version, point
        assert world.state.previous == ONE.version


def test_a_connection_that_stays_broken_leaves_a_server_that_serves() -> None:
    for point in range(1, crash_points(with_deployed(1), Deploy(TWO)) + 1):
        world = with_deployed(1)
        world.gone_from = world.points + point
        with suppress(StepError):  # and no other; at the last points the release is there
            world.run(Deploy(TWO))
        world.gone_from = None
        world.run(Deploy(TWO))
        assert served_by(world) == TWO.version, point


def test_what_broke_first_is_what_is_told_though_it_cannot_be_written_down() -> None:
    world = with_deployed(1)
    world.gone_from = world.points + 15  # within the pull
    with pytest.raises(
        StepError, match="pull failed: the connection broke before pull; going back"
    ):
        world.run(Deploy(TWO))


@pytest.mark.parametrize("wanted", [Deploy(ONE), Deploy(TWO)])
def test_a_first_deploy_that_is_killed_at_any_point_is_finished_or_replaced(
    wanted: Deploy,
) -> None:
    for point in range(1, crash_points(World(), Deploy(ONE)) + 1):
        world = killed((), Deploy(ONE), point)
        world.run(wanted)
        assert served_by(world) == wanted.release.version, point


@pytest.mark.parametrize("wanted", [Rollback(ONE), Deploy(THREE)])
def test_a_rollback_that_is_killed_at_any_point_is_finished_or_undone(
    wanted: Rollback | Deploy,
) -> None:
    for point in range(1, crash_points(with_deployed(1, 2), Rollback(ONE)) + 1):
        world = killed((1, 2), Rollback(ONE), point)
        world.run(wanted)
        assert wanted.release is not None
        assert served_by(world) == wanted.release.version, point


@pytest.mark.parametrize("ill", BAD)
def test_a_failing_deploy_that_is_killed_at_any_point_ends_with_the_release_before(
    ill: str,
) -> None:
    whole = with_deployed(1)
    whole.bad[TWO.version] = ill
    before = whole.points
    with pytest.raises(StepError):
        whole.run(Deploy(TWO))
    for point in range(1, whole.points - before + 1):
        world = with_deployed(1)
        world.bad[TWO.version] = ill
        world.crash_at = world.points + point
        with pytest.raises(CrashError):
            world.run(Deploy(TWO))
        world.crash_at = None
        with pytest.raises(StepError):
            world.run(Deploy(TWO))
        assert served_by(world) == ONE.version, point


def test_a_contract_that_is_killed_at_any_point_is_finished_and_no_rollback_comes_between() -> None:
    def prepared() -> World:
        world = with_deployed(1)
        world.run(Deploy(release(2, contract=2)))
        return world

    whole = prepared()
    points = crash_points(whole, contract(whole))
    for point in range(1, points + 1):
        world = prepared()
        world.crash_at = world.points + point
        with pytest.raises(CrashError):
            world.run(contract(world))
        world.crash_at = None
        if world.state.operation:
            with pytest.raises(RefusedError, match="run contract again"):
                world.run(Rollback(ONE))
        world.run(contract(world))
        assert served_by(world) == release(2).version
        assert world.state.database.contract == "c0002"


def test_a_prune_that_is_killed_at_any_point_is_finished() -> None:
    versions = [release(n).version for n in range(1, 6)]
    points = crash_points(with_deployed(1, 2, 3, 4, 5), Prune(versions, versions, keep=1))
    for point in range(1, points + 1):
        world = killed((1, 2, 3, 4, 5), Prune(versions, versions, keep=1), point)
        store = Store(files(world))
        world.run(Prune(store.versions(), versions, keep=1))
        assert store.versions() == [release(n).version for n in (4, 5)]


@given(st.lists(st.tuples(st.integers(2, 4), st.booleans(), st.integers(1, 120)), max_size=6))
@settings(max_examples=150, deadline=None)
def test_however_many_deployers_are_killed_the_next_one_that_lives_comes_through(
    deployers: list[tuple[int, bool, int]],
) -> None:
    world = with_deployed(1)
    for number, back, point in deployers:
        world.crash_at = world.points + point
        with suppress(CrashError, RefusedError):
            world.run(Rollback(release(number)) if back else Deploy(release(number)))
    world.crash_at = None
    assert world.broken_promises == []
    world.run(Deploy(release(5)))
    assert served_by(world) == release(5).version
