"""Passwords: the same work for every verification, and none of it on the loop."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Literal, override

import argon2
import pytest
import structlog.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.passwords import Passwords, hashing_threads

PASSWORD = "correct horse"


class WatchedHasher(argon2.PasswordHasher):
    """Notes in which threads it verified."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.threads: list[str] = []

    @override
    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.threads.append(threading.current_thread().name)
        return super().verify(hash, password)


@pytest.fixture
def executor() -> Iterator[Executor]:
    with hashing_threads(2) as threads:
        yield threads


async def test_password_matches_its_own_hash_only(executor: Executor) -> None:
    passwords = Passwords(WatchedHasher(), executor)
    stored = await passwords.hash(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert await passwords.matches(PASSWORD, stored)
    assert not await passwords.matches("wrong horse", stored)
    assert not await passwords.matches(PASSWORD, None)


async def test_every_verification_takes_one_hash_beside_the_loop(executor: Executor) -> None:
    hasher = WatchedHasher()
    passwords = Passwords(hasher, executor)
    stored = await passwords.hash(PASSWORD)
    for password, known in ((PASSWORD, stored), ("wrong horse", stored), (PASSWORD, None)):
        hasher.threads.clear()
        await passwords.matches(password, known)
        assert len(hasher.threads) == 1
        assert hasher.threads[0].startswith("password-hash")


async def test_no_more_hashes_are_computed_at_once_than_there_are_threads() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    class Counting(argon2.PasswordHasher):
        @override
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            try:
                return super().hash(password, salt=salt)
            finally:
                with lock:
                    running -= 1

    with hashing_threads(2) as threads:
        passwords = Passwords(Counting(time_cost=2, memory_cost=1024, parallelism=1), threads)
        hashes = await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(12)))
    assert len(set(hashes)) == 12, "every hash has a salt of its own"
    assert most <= 2


async def test_hash_whose_caller_gave_up_while_it_waited_is_not_computed() -> None:
    free = threading.Event()
    hasher = WatchedHasher()
    with hashing_threads(1) as threads:
        passwords = Passwords(hasher, threads)
        occupied = asyncio.get_running_loop().run_in_executor(threads, free.wait)
        waiting = asyncio.create_task(passwords.matches(PASSWORD, None))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        free.set()
        await occupied
    assert hasher.threads == []


async def test_password_is_the_same_however_its_characters_are_composed(
    executor: Executor,
) -> None:
    passwords = Passwords(WatchedHasher(), executor)
    stored = await passwords.hash("caf\u00e9 au lait")
    assert await passwords.matches("cafe\u0301 au lait", stored)


async def test_hash_of_other_parameters_is_outdated(executor: Executor) -> None:
    now = Passwords(argon2.PasswordHasher(time_cost=2, memory_cost=8, parallelism=1), executor)
    assert now.is_outdated(await Passwords(WatchedHasher(), executor).hash(PASSWORD))
    assert not now.is_outdated(await now.hash(PASSWORD))


MALFORMED = [
    "",
    "malformed",
    "$argon2id$broken",
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ",
    "$argon2id$v=19$m=1,t=0,p=0$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
    "$argon2i\u00e4$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFz\u00e4",
]


@pytest.mark.parametrize("stored", MALFORMED)
async def test_malformed_hash_matches_nothing_after_the_work_of_a_good_one(
    executor: Executor, stored: str
) -> None:
    with structlog.testing.capture_logs() as logs:
        assert not await Passwords(WatchedHasher(), executor).matches(PASSWORD, stored)
    assert [entry["event"] for entry in logs] == ["stored password hash is malformed"]


PASSWORDS = st.text(min_size=1, max_size=40)


@settings(deadline=None)
@given(password=PASSWORDS, other=PASSWORDS)
def test_any_text_is_a_password_that_only_it_matches(password: str, other: str) -> None:
    async def check() -> None:
        with hashing_threads(1) as threads:
            passwords = Passwords(WatchedHasher(), threads)
            stored = await passwords.hash(password)
            assert await passwords.matches(password, stored)
            if other != password and other.isascii():
                assert not await passwords.matches(other, stored)

    asyncio.run(check())
