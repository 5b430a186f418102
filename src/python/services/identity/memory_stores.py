"""The stores of `database` in memory, by their contracts: for tests of who asks them."""

from collections import Counter
from datetime import UTC, datetime
from typing import override

import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from tandem.database.v1 import accounts_pb2, attempts_pb2, sessions_pb2
from tandem.database.v1.accounts_pb2_grpc import (
    AccountStoreServicer,
    add_AccountStoreServicer_to_server,
)
from tandem.database.v1.attempts_pb2_grpc import (
    AttemptStoreServicer,
    add_AttemptStoreServicer_to_server,
)
from tandem.database.v1.sessions_pb2_grpc import (
    SessionStoreServicer,
    add_SessionStoreServicer_to_server,
)

from services.identity.deadline import Context

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class MemoryStores:
    """What the stores keep, and what they were asked.

    Attributes:
        requests: Every request received, in order.
        times: How many seconds each request's caller gave it; None for no deadline.
        failures: The statuses that requests fail with, by the name of the request's message.
        accounts: The accounts by id, as they were created.
        sessions: All sessions by id, by their digests too, and those of them that ended.
        most_listed: How many sessions of an account are listed at most.
        attempts: How often each key was counted.
    """

    def __init__(self) -> None:
        self.requests: list[Message] = []
        self.times: list[float | None] = []
        self.failures: dict[str, grpc.StatusCode] = {}
        self.accounts: dict[str, accounts_pb2.CreateAccountRequest] = {}
        self.sessions: dict[str, sessions_pb2.Session] = {}
        self.session_ids: dict[bytes, str] = {}
        self.ended: dict[str, sessions_pb2.SessionEnd] = {}
        self.most_listed = 500
        self.attempts: Counter[bytes] = Counter()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Serve all three."""
        accounts = MemoryAccounts(self)  # type: ignore[abstract]  # what identity asks, no more
        add_AccountStoreServicer_to_server(accounts, server)
        add_SessionStoreServicer_to_server(MemorySessions(self), server)
        add_AttemptStoreServicer_to_server(MemoryAttempts(self), server)

    async def receive(self, request: Message, context: Context) -> None:
        """Note a request; fail it if it is to fail."""
        self.requests.append(request)
        self.times.append(context.time_remaining())
        failure = self.failures.get(type(request).__name__)
        if failure is not None:
            await context.abort(failure, "as the test wanted it")

    def names(self) -> list[str]:
        """The names of the requests received."""
        return [type(request).__name__ for request in self.requests]


class MemoryAccounts(AccountStoreServicer):
    """AccountStore, as far as identity asks it."""

    def __init__(self, stores: MemoryStores) -> None:
        self._stores = stores

    @override
    async def CreateAccount(
        self, request: accounts_pb2.CreateAccountRequest, context: Context
    ) -> accounts_pb2.CreateAccountResponse:
        """Keep an account."""
        await self._stores.receive(request, context)
        accounts = self._stores.accounts
        known = accounts.get(request.id)
        if known is None and any(_same_email(each, request) for each in accounts.values()):
            await _abort_taken(context, "EMAIL_TAKEN")
        known = accounts.setdefault(request.id, request)
        if known.profile != request.profile or not _same_email(known, request):
            await _abort_taken(context, "ID_TAKEN")
        return accounts_pb2.CreateAccountResponse(account=_shown(known))

    @override
    async def GetCredential(
        self, request: accounts_pb2.GetCredentialRequest, context: Context
    ) -> accounts_pb2.GetCredentialResponse:
        """Find an account's id and hash by its e-mail address."""
        await self._stores.receive(request, context)
        accounts = self._stores.accounts.values()
        account = next((a for a in accounts if _same_email(a, request)), None)
        if account is None:
            return await context.abort(grpc.StatusCode.NOT_FOUND, "no such account")
        return accounts_pb2.GetCredentialResponse(
            account_id=account.id, password_hash=account.password_hash
        )

    @override
    async def ReplacePasswordHash(
        self, request: accounts_pb2.ReplacePasswordHashRequest, context: Context
    ) -> accounts_pb2.ReplacePasswordHashResponse:
        """Replace a hash, if it is the one that was verified."""
        await self._stores.receive(request, context)
        account = self._stores.accounts[request.account_id]
        if account.password_hash != request.verified_hash:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "another hash")
        account.password_hash = request.new_hash
        return accounts_pb2.ReplacePasswordHashResponse()


async def _abort_taken(context: Context, reason: str) -> None:
    status = Status(code=grpc.StatusCode.ALREADY_EXISTS.value[0], message="taken")
    detail = status.details.add()
    detail.Pack(ErrorInfo(reason=reason, domain="database.tandem"))
    await context.abort_with_status(rpc_status.to_status(status))


def _shown(account: accounts_pb2.CreateAccountRequest) -> accounts_pb2.Account:
    return accounts_pb2.Account(id=account.id, email=account.email, profile=account.profile)


def _same_email(
    account: accounts_pb2.CreateAccountRequest,
    other: accounts_pb2.CreateAccountRequest | accounts_pb2.GetCredentialRequest,
) -> bool:
    return account.email.casefold() == other.email.casefold()


class MemorySessions(SessionStoreServicer):
    """SessionStore."""

    def __init__(self, stores: MemoryStores) -> None:
        self._stores = stores

    @override
    async def CreateSession(
        self, request: sessions_pb2.CreateSessionRequest, context: Context
    ) -> sessions_pb2.CreateSessionResponse:
        """Keep a session of an account."""
        await self._stores.receive(request, context)
        if request.account_id not in self._stores.accounts:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such account")
        now = datetime.now(UTC)
        session = sessions_pb2.Session(
            id=request.id,
            account_id=request.account_id,
            user_agent=request.user_agent,
            created_at=now,
            last_seen_at=now,
            expires_at=request.expires_at,
        )
        self._stores.sessions.setdefault(request.id, session)
        self._stores.session_ids[request.secret_hash] = request.id
        return sessions_pb2.CreateSessionResponse(session=session)

    @override
    async def UseSession(
        self, request: sessions_pb2.UseSessionRequest, context: Context
    ) -> sessions_pb2.UseSessionResponse:
        """Find a live session by the digest of its secret."""
        await self._stores.receive(request, context)
        session_id = self._stores.session_ids.get(request.secret_hash)
        if session_id is None or not self._is_live(self._stores.sessions[session_id]):
            return await context.abort(grpc.StatusCode.NOT_FOUND, "no such session")
        return sessions_pb2.UseSessionResponse(session=self._stores.sessions[session_id])

    @override
    async def GetSession(
        self, request: sessions_pb2.GetSessionRequest, context: Context
    ) -> sessions_pb2.GetSessionResponse:
        """Find a live session of an account by its id."""
        await self._stores.receive(request, context)
        session = self._stores.sessions.get(request.session_id)
        if (
            session is None
            or session.account_id != request.account_id
            or not self._is_live(session)
        ):
            return await context.abort(grpc.StatusCode.NOT_FOUND, "no such session")
        return sessions_pb2.GetSessionResponse(session=session)

    @override
    async def ListSessions(
        self, request: sessions_pb2.ListSessionsRequest, context: Context
    ) -> sessions_pb2.ListSessionsResponse:
        """Find the live sessions of an account."""
        await self._stores.receive(request, context)
        live = filter(self._is_live, self._stores.sessions.values())
        its = [session for session in live if session.account_id == request.account_id]
        latest = sorted(its, key=lambda session: session.last_seen_at.ToNanoseconds(), reverse=True)
        return sessions_pb2.ListSessionsResponse(sessions=latest[: self._stores.most_listed])

    @override
    async def RevokeSession(
        self, request: sessions_pb2.RevokeSessionRequest, context: Context
    ) -> sessions_pb2.RevokeSessionResponse:
        """End a session of an account."""
        await self._stores.receive(request, context)
        session = self._stores.sessions.get(request.session_id)
        if session is None or session.account_id != request.account_id:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such session")
        self._stores.ended.setdefault(request.session_id, request.reason)
        return sessions_pb2.RevokeSessionResponse()

    def _is_live(self, session: sessions_pb2.Session) -> bool:
        return session.id not in self._stores.ended and session.expires_at.ToDatetime(
            UTC
        ) > datetime.now(UTC)


class MemoryAttempts(AttemptStoreServicer):
    """AttemptStore, with one window that never ends."""

    def __init__(self, stores: MemoryStores) -> None:
        self._stores = stores

    @override
    async def CountAttempt(
        self, request: attempts_pb2.CountAttemptRequest, context: Context
    ) -> attempts_pb2.CountAttemptResponse:
        """Count an attempt."""
        await self._stores.receive(request, context)
        self._stores.attempts[request.key] += 1
        allowed = self._stores.attempts[request.key] <= request.limit
        retry_after = Duration() if allowed else request.window
        return attempts_pb2.CountAttemptResponse(
            allowed=allowed, retry_after=retry_after, window_ends_at=_NEVER
        )

    @override
    async def RefundAttempt(
        self, request: attempts_pb2.RefundAttemptRequest, context: Context
    ) -> attempts_pb2.RefundAttemptResponse:
        """Take back an attempt of a key."""
        await self._stores.receive(request, context)
        if "idempotency-key" not in dict(context.invocation_metadata() or ()):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "there is no idempotency-key")
        if request.window_ends_at.ToDatetime(UTC) == _NEVER:
            self._stores.attempts[request.key] -= 1
        return attempts_pb2.RefundAttemptResponse()

    @override
    async def ForgetAttempts(
        self, request: attempts_pb2.ForgetAttemptsRequest, context: Context
    ) -> attempts_pb2.ForgetAttemptsResponse:
        """Forget the attempts of a key."""
        await self._stores.receive(request, context)
        self._stores.attempts.pop(request.key, None)
        return attempts_pb2.ForgetAttemptsResponse()
