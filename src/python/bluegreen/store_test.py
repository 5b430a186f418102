import pytest

from bluegreen.errors import LockLostError
from bluegreen.state import State
from bluegreen.store import AUDIT, Event, Record, Store
from bluegreen.testing import World, bundle, files, release


def record(world: World, step: str) -> Record:
    return Record(at=world.now, run="r", owner="anna", step=step, event=Event.STARTED)


def test_a_server_without_files_has_an_empty_state_and_no_past() -> None:
    store = Store(files(World()))
    assert store.load() == State()
    assert store.versions() == []
    assert store.records() == []
    assert store.release("20260101-000001-000000000000") is None


def test_a_state_is_written_only_while_the_lock_is_held() -> None:
    world = World()
    store, lock = Store(files(world)), world.lock()
    with lock.held("deploy") as held:
        store.save(State(previous="mine"), held.token)
        lock.release()
        with pytest.raises(LockLostError):
            store.save(State(previous="later"), held.token)
        with world.lock(host="ci").held("deploy"), pytest.raises(LockLostError):
            store.save(State(previous="later"), held.token)
    assert store.load().previous == "mine"


def test_manifests_are_kept_until_they_are_forgotten() -> None:
    store = Store(files(World()))
    for number in (2, 1):
        store.keep(bundle(number))
    assert store.versions() == [release(1).version, release(2).version]
    assert store.release(release(2).version) == release(2)
    store.forget(release(1).version)
    assert store.versions() == [release(2).version]


def test_a_release_without_its_manifest_was_never_there() -> None:
    world = World()
    store = Store(files(world))
    store.keep(bundle(1))
    del world.files[f"releases/{release(1).version}/release.json"]
    assert store.release(release(1).version) is None


def test_a_line_of_the_log_that_a_crash_cut_short_hides_no_other() -> None:
    world = World()
    store = Store(files(world))
    store.note(record(world, "pull"))
    world.files[AUDIT] += '{"at": "2026-01'
    assert [each.step for each in store.records()] == ["pull"]
    store.note(record(world, "start blue"))
    assert [each.step for each in store.records()] == ["pull", "start blue"]


def test_the_end_of_the_log_is_had_without_its_beginning() -> None:
    store = Store(files(world := World()))
    for step in ("begin", "pull", "start blue"):
        store.note(record(world, step))
    assert [each.step for each in store.records(2)] == ["pull", "start blue"]
