"""Password hashes: argon2id, computed beside the event loop, a bounded number at once."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

import argon2
import structlog

from chassis.composing import composed
from services.identity.validation import LONGEST_PASSWORD

_MALFORMED = (
    argon2.exceptions.InvalidHashError,
    argon2.exceptions.VerificationError,
    UnicodeEncodeError,
)
"""What a stored hash that is none may raise, by how far it is read."""

_log = structlog.get_logger()


@contextmanager
def hashing_threads(count: int) -> Iterator[Executor]:
    """Threads to hash on; each hash takes argon2's memory, so their number bounds it."""
    with ThreadPoolExecutor(count, thread_name_prefix="password-hash") as executor:
        yield executor


class Passwords:
    """Hashes passwords and verifies them.

    Passwords are compared in Unicode's normal form C (NIST SP 800-63B): the same characters are the
    same password however a keyboard composes them.
    """

    def __init__(self, hasher: argon2.PasswordHasher, executor: Executor) -> None:
        self._hasher = hasher
        self._executor = executor
        self._dummy = hasher.hash(secrets.token_hex())

    async def hash(self, password: str) -> str:
        """Hash a new password; the answer is a PHC string with its own salt."""
        return await self._beside_the_loop(lambda: self._hasher.hash(_normal(password)))

    async def matches(self, password: str, stored: str | None) -> bool:
        """Tell whether a stored hash is this password's.

        Exactly one hash is computed, whatever the arguments: with no stored one, a dummy with the
        parameters of today's, so that the time does not tell whether an account exists. It may
        tell one whose hash was made with other parameters, until its owner signs in again.
        """
        return await self._beside_the_loop(lambda: self._matches(_normal(password), stored))

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, password: str, stored: str | None) -> bool:
        try:
            self._hasher.verify(self._dummy if stored is None else stored, password)
        except argon2.exceptions.VerifyMismatchError:
            return False
        except _MALFORMED:
            if stored is None:
                raise  # the dummy is well formed: it is something else
            _log.error("stored password hash is malformed")
            return self._matches(password, None)
        return stored is not None

    async def _beside_the_loop[T](self, compute: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, compute)


def _normal(password: str) -> str:
    return composed(password, LONGEST_PASSWORD)
