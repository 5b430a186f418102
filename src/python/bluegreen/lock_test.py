import json
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from bluegreen.errors import LockedError, LockLostError, TemporaryError
from bluegreen.lock import FILE, Holder, Identity, Lock, is_stale
from bluegreen.memory import Files
from bluegreen.testing import World, files


def identity(host: str = "laptop", pid: int = 1, *, runs: bool = True) -> Identity:
    return Identity("anna", host, "1", pid, lambda _pid: runs, lambda: "a")


def holder(world: World, host: str = "laptop", boot: str = "1") -> Holder:
    return Holder(
        owner="boris",
        host=host,
        boot=boot,
        pid=7,
        token="b",
        purpose="deploy",
        taken_at=world.now,
        beat_at=world.now,
    )


def test_a_lock_is_held_by_one_and_given_back() -> None:
    world = World()
    lock = Lock(files(world), identity())
    with lock.held("deploy"):
        found = lock.holder()
        assert found is not None
        assert str(found) == "anna (process 1 on laptop, deploy, since 2026-01-02 00:00:00 UTC)"
        with pytest.raises(LockedError, match="lock release"), lock.held("rollback"):
            pass
    assert lock.holder() is None


@pytest.mark.parametrize(
    ("host", "boot", "runs", "silent", "stale"),
    [
        ("laptop", "1", True, 29, False),
        ("laptop", "1", True, 31, True),
        ("laptop", "1", False, 0, True),
        ("laptop", "2", False, 29, False),  # another machine of that name
        ("laptop", "2", False, 31, True),
        ("ci", "1", False, 29, False),  # its processes cannot be seen from here
        ("ci", "1", False, 31, True),
    ],
)
def test_a_holder_that_is_gone_is_recognised(
    host: str, boot: str, runs: bool, silent: int, stale: bool
) -> None:
    world = World()
    now = world.now + timedelta(seconds=silent)
    assert is_stale(holder(world, host, boot), now, identity(runs=runs)) is stale


def test_two_machines_that_have_no_name_of_their_start_are_not_taken_for_one() -> None:
    world = World()
    nameless = replace(identity(runs=False), boot="")
    assert not is_stale(holder(world, boot=""), world.now, nameless)


@pytest.mark.parametrize("namespace", ["pid:[2]", ""], ids=["another container", "an older file"])
def test_a_holder_whose_process_cannot_be_seen_is_at_work_while_it_is_heard_of(
    namespace: str,
) -> None:
    world = World()
    here = replace(identity(runs=False), namespace="pid:[1]")
    there = holder(world).model_copy(update={"namespace": namespace})
    assert not is_stale(there, world.now + timedelta(seconds=29), here)
    assert is_stale(there, world.now + timedelta(seconds=31), here)
    seen = there.model_copy(update={"namespace": "pid:[1]"})
    assert is_stale(seen, world.now, here)


def test_a_lock_file_without_a_namespace_is_understood() -> None:
    world = World()
    older = json.loads(holder(world).render())
    del older["namespace"]
    assert Holder.parse(json.dumps(older), FILE) == holder(world)


def test_a_stale_lock_is_taken_over() -> None:
    world = World()
    world.files[FILE] = holder(world).render()
    lock = Lock(files(world), identity(runs=False))
    with lock.held("deploy"):
        found = lock.holder()
        assert found is not None
        assert found.owner == "anna"
    assert lock.holder() is None


def test_a_holder_at_work_is_heard_of() -> None:
    world = World()
    with Lock(files(world), identity(), beat_every=0.01).held("deploy"):
        world.seconds += 100
        deadline = time.monotonic() + 10
        while "00:01:40" not in world.files[FILE]:
            assert time.monotonic() < deadline
            time.sleep(0.005)


def test_a_holder_is_heard_of_again_after_what_nobody_has_foreseen() -> None:
    world, said = World(), list[str]()
    lock = Lock(files(world), identity(), beat_every=0.01, say=said.append)
    with lock.held("deploy"):
        world.faults["now"] = [ValueError("no time"), ValueError("no time")]
        world.seconds += 100
        deadline = time.monotonic() + 10
        while "00:01:40" not in world.files[FILE]:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    [line] = said
    assert "no sign of life could be given for the lock: a bug of the deployer, ValueError" in line


def test_a_lock_can_be_asked_for_without_taking_it() -> None:
    world = World()
    lock = Lock(files(world), identity())
    lock.check_free()
    with Lock(files(world), identity("ci")).held("deploy"):
        with pytest.raises(LockedError, match="process 1 on ci, deploy"):
            lock.check_free()
        world.seconds += 31
        lock.check_free()
    assert FILE not in world.files


def test_a_lock_that_was_taken_away_is_noticed_and_left_to_its_new_holder() -> None:
    world = World()
    lock = Lock(files(world), identity())
    with lock.held("deploy") as held:
        held.check()
        assert (lock.release() or "").startswith("anna (process 1 on laptop")
        with pytest.raises(LockLostError):
            held.check()
        assert FILE not in world.files
        world.files[FILE] = holder(world).render()
        with pytest.raises(LockLostError):
            held.check()
    assert world.files[FILE] == holder(world).render()
    assert lock.release() is not None
    assert lock.release() is None


class Slow(Files):
    """Files that take no sign of life until they are let go."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.go = threading.Event()

    def swap(self, path: str, before: str | None, after: str | None) -> bool:
        assert before is None or self.go.wait(10)
        return super().swap(path, before, after)


def test_who_looks_at_the_lock_does_not_wait_for_a_sign_of_life_that_hangs() -> None:
    server = Slow(World())
    with Lock(server, identity()).held("deploy") as held:
        beat = threading.Thread(target=held.beat)
        beat.start()
        look = threading.Thread(target=held.check)
        look.start()
        look.join(5)
        waited = look.is_alive()
        server.go.set()
        beat.join()
    assert not waited


def test_a_lock_that_is_not_understood_is_somebody_else_s_until_it_is_taken_away() -> None:
    world = World()
    lock = Lock(files(world), identity(), beat_every=0.01)
    with lock.held("deploy") as held:
        world.files[FILE] = "{"
        with pytest.raises(LockLostError):
            held.check()
        with pytest.raises(LockedError, match="take the lock away by `lock release`"):
            lock.held("deploy").__enter__()
    assert world.files[FILE] == "{"
    assert lock.release() == "somebody; lock.json was not understood"
    assert FILE not in world.files


def test_a_sign_of_life_that_could_not_be_given_or_was_not_confirmed_loses_no_lock() -> None:
    world = World()
    lock = Lock(files(world), identity())
    with lock.held("deploy") as held:
        world.faults["now"] = [TemporaryError("the connection broke")]
        held.beat()
        world.faults["read"] = [TemporaryError("the connection broke")]
        held.check()
        assert not any(world.faults.values())
        before = Holder.parse(world.files[FILE], FILE)
        later = before.model_copy(update={"beat_at": world.now + timedelta(seconds=1)})
        world.files[FILE] = later.render()  # written, and the answer was lost
        held.beat()
        held.check()
    assert FILE not in world.files
