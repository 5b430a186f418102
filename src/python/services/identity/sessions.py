"""Sessions: opened by a sign-in, renewed by their secret, shown to and ended by their account."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc
from tandem.database.v1 import sessions_pb2 as store
from uuid_utils.compat import uuid7

from chassis.tokens import AccessToken
from services.identity import session_secrets
from services.identity.access_tokens import AccessTokens, IssuedToken
from services.identity.deadline import Deadline
from services.identity.errors import (
    NoSuchSessionError,
    NotSignedInError,
    WrongCredentialsError,
)
from services.identity.stores import Meanings, ask
from services.identity.validation import normal_user_agent

if TYPE_CHECKING:
    from tandem.database.v1.sessions_pb2_grpc import SessionStoreAsyncStub

_ENDED: Meanings = {grpc.StatusCode.NOT_FOUND: NotSignedInError}
_NO_SUCH_SESSION: Meanings = {
    grpc.StatusCode.NOT_FOUND: NoSuchSessionError,
    grpc.StatusCode.INVALID_ARGUMENT: NoSuchSessionError,  # an id that none can have
}


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session and what its browser gets to hold."""

    account_id: str
    id: str
    secret: str = field(repr=False)
    expires_at: datetime
    access: IssuedToken


@dataclass(frozen=True, slots=True)
class LiveSessions:
    """The live sessions of the account that a token speaks for."""

    own: store.Session
    others: Sequence[store.Session]


class Sessions:
    """The sessions of all accounts. Every method may raise that the store did not answer."""

    def __init__(
        self, sessions: "SessionStoreAsyncStub", tokens: AccessTokens, lifetime: timedelta
    ) -> None:
        self._store = sessions
        self._tokens = tokens
        self._lifetime = lifetime

    async def open(self, account_id: str, user_agent: str, deadline: Deadline) -> OpenedSession:
        """Open a session of an account whose password was verified just now.

        Raises:
            WrongCredentialsError: the account is gone since.
        """
        secret = session_secrets.make()
        expires_at = datetime.now(UTC) + self._lifetime
        request = store.CreateSessionRequest(
            id=str(uuid7()),
            account_id=account_id,
            secret_hash=session_secrets.digest(secret),
            user_agent=normal_user_agent(user_agent),
            expires_at=expires_at,
        )
        gone: Meanings = {grpc.StatusCode.NOT_FOUND: WrongCredentialsError}
        await ask(self._store.CreateSession, request, deadline, gone)
        access = self._tokens.issue(account_id, request.id, expires_at)
        return OpenedSession(account_id, request.id, secret, expires_at, access)

    async def renew(self, secret: str, deadline: Deadline) -> IssuedToken:
        """Issue a fresh access token to the holder of a session's secret.

        Raises:
            NotSignedInError: no live session has this secret.
        """
        session = await self._use(secret, deadline)
        expires_at = session.expires_at.ToDatetime(UTC)
        return self._tokens.issue(session.account_id, session.id, expires_at)

    async def end(self, secret: str, deadline: Deadline) -> None:
        """End the session with this secret, if it is live."""
        try:
            session = await self._use(secret, deadline)
        except NotSignedInError:
            return
        reason = store.SESSION_END_SIGNED_OUT
        await self._revoke(session.account_id, session.id, reason, deadline)

    async def own(self, token_text: str, deadline: Deadline) -> store.Session:
        """Get the session that a token belongs to, if it is live.

        Raises:
            NotSignedInError: the token is not valid, or its session has ended.
        """
        return await self._own(self._tokens.verify(token_text), deadline)

    async def live(self, token_text: str, deadline: Deadline) -> LiveSessions:
        """Get the sessions of a token's account: its own, and as many others as the store lists.

        Raises:
            NotSignedInError: the token is not valid, or its session has ended.
        """
        token = self._tokens.verify(token_text)
        request = store.ListSessionsRequest(account_id=token.account_id)
        own, listed = await asyncio.gather(
            self._own(token, deadline), ask(self._store.ListSessions, request, deadline)
        )
        return LiveSessions(own, [each for each in listed.sessions if each.id != own.id])

    async def revoke(self, token_text: str, session_id: str, deadline: Deadline) -> None:
        """End a session of a token's account.

        Raises:
            NotSignedInError: the token is not valid, or its session has ended.
            NoSuchSessionError: the account never had the session.
        """
        account_id = (await self.own(token_text, deadline)).account_id
        await self._revoke(account_id, session_id, store.SESSION_END_REVOKED, deadline)

    async def _own(self, token: AccessToken, deadline: Deadline) -> store.Session:
        request = store.GetSessionRequest(account_id=token.account_id, session_id=token.session_id)
        return (await ask(self._store.GetSession, request, deadline, _ENDED)).session

    async def _use(self, secret: str, deadline: Deadline) -> store.Session:
        request = store.UseSessionRequest(secret_hash=session_secrets.digest(secret))
        return (await ask(self._store.UseSession, request, deadline, _ENDED)).session

    async def _revoke(
        self, account_id: str, session_id: str, reason: store.SessionEnd, deadline: Deadline
    ) -> None:
        request = store.RevokeSessionRequest(
            account_id=account_id, session_id=session_id, reason=reason
        )
        await ask(self._store.RevokeSession, request, deadline, _NO_SUCH_SESSION)
