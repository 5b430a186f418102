"""The database service's own transactions, under many calls at once."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import grpc
import uuid_utils.compat
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from tandem.database.v1 import accounts_pb2, activity_pb2, attempts_pb2, sessions_pb2

from services.database.arrivals import Arrivals
from services.database.stores import Accounts, ActivityLog, Attempts, Sessions
from services.database.transactions import Transactions

_HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g"
_DEADLINE = 10.0
_MINUTE = Duration(seconds=60)


class RefusedError(Exception):
    """A call was not answered OK."""


class Call:
    """The part of a servicer's context that the stores use."""

    def __init__(self) -> None:
        self._end = time.monotonic() + _DEADLINE

    def time_remaining(self) -> float:
        """Seconds until the call's deadline."""
        return self._end - time.monotonic()

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """A key of its own: each call is meant once."""
        return (("idempotency-key", _new_id()),)

    async def abort(self, code: grpc.StatusCode, details: str = "", _more: object = ()) -> NoReturn:
        """End the measurement: no call of it may fail.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(f"{code.name}: {details}")


@dataclass
class Figures:
    """Of one round: how many calls were answered, each call's seconds, and what was refused."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.latencies) / self.seconds


class Load:
    """People who sign up, use their sessions, read and edit; the same mix on each server."""

    def __init__(self, transactions: Transactions) -> None:
        self._accounts = Accounts(transactions)
        self._sessions = Sessions(transactions)
        self._activity = ActivityLog(transactions, Arrivals(1))
        self._attempts = Attempts(transactions)
        self._people: list[tuple[str, bytes]] = []
        self._mix: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (10, self._sign_up),
            (40, self._use_session),
            (25, self._read),
            (15, self._edit),
            (10, self._count),
        ]

    async def people(self, number: int) -> None:
        """Let so many sign up first."""
        async with asyncio.TaskGroup() as signing_up:
            for _ in range(number):
                signing_up.create_task(self._sign_up())

    async def together(self, at_once: int, seconds: float) -> Figures:
        """Keep so many calls at work for so long."""
        figures = Figures()
        weights, works = zip(*self._mix, strict=True)
        start = time.perf_counter()

        async def caller() -> None:
            while (began := time.perf_counter()) < start + seconds:
                (work,) = random.choices(works, weights)  # noqa: S311  # no secret
                try:
                    await work()
                except RefusedError:
                    figures.refused += 1
                else:
                    figures.latencies.append(time.perf_counter() - began)

        async with asyncio.TaskGroup() as callers:
            for _ in range(at_once):
                callers.create_task(caller())
        figures.seconds = time.perf_counter() - start
        return figures

    async def _sign_up(self) -> None:
        account, secret, expiry = _new_id(), secrets.token_bytes(32), Timestamp()
        expiry.FromDatetime(datetime.now(UTC) + timedelta(hours=1))
        creation = accounts_pb2.CreateAccountRequest(
            id=account,
            email=f"{account}@example.org",
            profile=accounts_pb2.Profile(display_name="Ada", about="Counts."),
            password_hash=_HASH,
        )
        await self._accounts.CreateAccount(creation, Call())  # type: ignore[arg-type]
        sign_in = sessions_pb2.CreateSessionRequest(
            id=_new_id(),
            account_id=account,
            secret_hash=secret,
            user_agent="Firefox",
            expires_at=expiry,
        )
        await self._sessions.CreateSession(sign_in, Call())  # type: ignore[arg-type]
        self._people.append((account, secret))

    async def _use_session(self) -> None:
        request = sessions_pb2.UseSessionRequest(secret_hash=self._someone()[1])
        await self._sessions.UseSession(request, Call())  # type: ignore[arg-type]

    async def _read(self) -> None:
        request = activity_pb2.ListActivityRequest(account_id=self._someone()[0])
        await self._activity.ListActivity(request, Call())  # type: ignore[arg-type]

    async def _edit(self) -> None:
        profile = accounts_pb2.Profile(display_name="Ada", about=secrets.token_hex(100))
        request = accounts_pb2.UpdateProfileRequest(account_id=self._someone()[0], profile=profile)
        await self._accounts.UpdateProfile(request, Call())  # type: ignore[arg-type]

    async def _count(self) -> None:
        key = secrets.randbelow(50).to_bytes(32)
        request = attempts_pb2.CountAttemptRequest(key=key, limit=1000, window=_MINUTE)
        await self._attempts.CountAttempt(request, Call())  # type: ignore[arg-type]

    def _someone(self) -> tuple[str, bytes]:
        return random.choice(self._people)  # noqa: S311  # no secret


def _new_id() -> str:
    return str(uuid_utils.compat.uuid7())
