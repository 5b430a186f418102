"""The stores as other services see them, and requests that they accept."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

import grpc.aio
import uuid_utils.compat
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from tandem.database.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    activity_pb2_grpc,
    attempts_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
)

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g"


@dataclass(frozen=True)
class Stores:
    accounts: "accounts_pb2_grpc.AccountStoreAsyncStub"
    sessions: "sessions_pb2_grpc.SessionStoreAsyncStub"
    activity: "activity_pb2_grpc.ActivityLogAsyncStub"
    attempts: "attempts_pb2_grpc.AttemptStoreAsyncStub"

    @classmethod
    def on(cls, channel: grpc.aio.Channel) -> Self:
        return cls(
            accounts_pb2_grpc.AccountStoreStub(channel),
            sessions_pb2_grpc.SessionStoreStub(channel),
            activity_pb2_grpc.ActivityLogStub(channel),
            attempts_pb2_grpc.AttemptStoreStub(channel),
        )

    async def some_account(self) -> str:
        """The id of a new account."""
        request = new_account()
        await self.accounts.CreateAccount(request, timeout=10)
        return request.id

    async def some_session(self, account_id: str) -> sessions_pb2.CreateSessionRequest:
        """What made a new session of this account."""
        request = new_session(account_id)
        await self.sessions.CreateSession(request, timeout=10)
        return request


def new_key(key: str | None = None) -> tuple[tuple[str, str]]:
    """The metadata of a call whose effect must happen once."""
    return (("idempotency-key", key or new_id()),)


def new_id() -> str:
    return str(uuid_utils.compat.uuid7())


def new_account(**changes: object) -> accounts_pb2.CreateAccountRequest:
    account_id = new_id()
    content: dict[str, object] = {
        "id": account_id,
        "email": f"{account_id}@example.org",
        "profile": accounts_pb2.Profile(display_name="Ada", about="Counts."),
        "password_hash": HASH,
    }
    return accounts_pb2.CreateAccountRequest(**(content | changes))  # type: ignore[arg-type]


def new_session(account_id: str, **changes: object) -> sessions_pb2.CreateSessionRequest:
    content: dict[str, object] = {
        "id": new_id(),
        "account_id": account_id,
        "secret_hash": secrets.token_bytes(32),
        "user_agent": "Firefox",
        "expires_at": in_seconds(3600),
    }
    return sessions_pb2.CreateSessionRequest(**(content | changes))  # type: ignore[arg-type]


def in_seconds(seconds: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(datetime.now(UTC) + timedelta(seconds=seconds))
    return stamp


def fields_at_fault(error: grpc.aio.AioRpcError) -> list[str]:
    """The fields that a BadRequest names."""
    detail = error_details_pb2.BadRequest()
    assert _status(error).details[0].Unpack(detail)
    return [violation.field for violation in detail.field_violations]


def reason(error: grpc.aio.AioRpcError) -> str:
    """The reason that an ErrorInfo gives."""
    detail = error_details_pb2.ErrorInfo()
    assert _status(error).details[0].Unpack(detail)
    name: str = detail.reason
    return name


def _status(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            return status_pb2.Status.FromString(value)
    raise AssertionError(f"no details came with {error.code()}")
