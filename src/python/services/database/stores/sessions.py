"""Signed-in sessions."""

from datetime import datetime
from uuid import UUID

import grpc.aio
from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncSession
from tandem.database.v1 import sessions_pb2, sessions_pb2_grpc

from services.database.errors import AlreadyExistsError, NotFoundError
from services.database.fields import Fields
from services.database.models import USER_AGENT_MOST, ActivityKind, Session, SessionEnd
from services.database.stores.entries import record
from services.database.transactions import Transactions

MOST_LISTED = 500

type _Context[Q, R] = grpc.aio.ServicerContext[Q, R]

_ENDS = {
    sessions_pb2.SESSION_END_SIGNED_OUT: (SessionEnd.SIGNED_OUT, ActivityKind.SIGNED_OUT),
    sessions_pb2.SESSION_END_REVOKED: (SessionEnd.REVOKED, ActivityKind.SESSION_REVOKED),
}


class Sessions(sessions_pb2_grpc.SessionStoreServicer):
    """The store behind `tandem.database.v1.SessionStore`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def CreateSession(  # noqa: N802
        self,
        request: sessions_pb2.CreateSessionRequest,
        context: _Context[sessions_pb2.CreateSessionRequest, sessions_pb2.CreateSessionResponse],
    ) -> sessions_pb2.CreateSessionResponse:
        """Store a session and record the sign-in."""
        return await self._transactions.answer(_create, request, context)

    async def UseSession(  # noqa: N802
        self,
        request: sessions_pb2.UseSessionRequest,
        context: _Context[sessions_pb2.UseSessionRequest, sessions_pb2.UseSessionResponse],
    ) -> sessions_pb2.UseSessionResponse:
        """The live session with this secret, seen now."""
        return await self._transactions.answer(_use, request, context)

    async def GetSession(  # noqa: N802
        self,
        request: sessions_pb2.GetSessionRequest,
        context: _Context[sessions_pb2.GetSessionRequest, sessions_pb2.GetSessionResponse],
    ) -> sessions_pb2.GetSessionResponse:
        """The session with this id, if it is live."""
        return await self._transactions.answer(_get, request, context)

    async def ListSessions(  # noqa: N802
        self,
        request: sessions_pb2.ListSessionsRequest,
        context: _Context[sessions_pb2.ListSessionsRequest, sessions_pb2.ListSessionsResponse],
    ) -> sessions_pb2.ListSessionsResponse:
        """The live sessions of an account, the latest seen first."""
        return await self._transactions.answer(_list, request, context)

    async def RevokeSession(  # noqa: N802
        self,
        request: sessions_pb2.RevokeSessionRequest,
        context: _Context[sessions_pb2.RevokeSessionRequest, sessions_pb2.RevokeSessionResponse],
    ) -> sessions_pb2.RevokeSessionResponse:
        """End a session, if it is live, and record that."""
        return await self._transactions.answer(_revoke, request, context)


async def _create(
    request: sessions_pb2.CreateSessionRequest, session: AsyncSession
) -> sessions_pb2.CreateSessionResponse:
    with Fields() as fields:
        row: dict[str, UUID | bytes | str | datetime] = {
            "id": fields.new_id("id", request.id),
            "account_id": fields.id("account_id", request.account_id),
            "secret_hash": fields.digest("secret_hash", request.secret_hash),
            "user_agent": fields.text("user_agent", request.user_agent, most=USER_AGENT_MOST),
            "expires_at": fields.time("expires_at", request.expires_at),
        }
    # Every unique rule may skip the row: which one it was is asked after, without a race.
    insertion = insert_or_skip(Session).values(row).on_conflict_do_nothing().returning(Session)
    stored = await session.scalar(insertion)
    if stored is None:
        stored = await _same_session(session, row)
    else:
        kind, detail = ActivityKind.SIGNED_IN, stored.user_agent
        await record(session, stored.account_id, kind, detail)
    return sessions_pb2.CreateSessionResponse(session=_message(stored))


async def _same_session(
    session: AsyncSession, row: dict[str, UUID | bytes | str | datetime]
) -> Session:
    """The session that a call before this one made, if it was the same call."""
    stored = await session.get(Session, row["id"])
    if stored is None:
        raise AlreadyExistsError("SECRET_TAKEN", "another session has this secret")
    if any(getattr(stored, name) != value for name, value in row.items()):
        raise AlreadyExistsError("ID_TAKEN", "a session with this id exists, with other content")
    return stored


async def _use(
    request: sessions_pb2.UseSessionRequest, session: AsyncSession
) -> sessions_pb2.UseSessionResponse:
    with Fields() as fields:
        secret_hash = fields.digest("secret_hash", request.secret_hash)
    sighting = (
        update(Session)
        .where(Session.secret_hash == secret_hash, _live())
        .values(last_seen_at=func.greatest(Session.last_seen_at, func.now()))
        .returning(Session)
    )
    stored = await session.scalar(sighting)
    if stored is None:
        raise NotFoundError("no live session has this secret")
    return sessions_pb2.UseSessionResponse(session=_message(stored))


async def _get(
    request: sessions_pb2.GetSessionRequest, session: AsyncSession
) -> sessions_pb2.GetSessionResponse:
    with Fields() as fields:
        account_id = fields.id("account_id", request.account_id)
        session_id = fields.id("session_id", request.session_id)
    query = select(Session).where(_its(account_id, session_id), _live())
    stored = await session.scalar(query)
    if stored is None:
        raise NotFoundError("the account has no live session with this id")
    return sessions_pb2.GetSessionResponse(session=_message(stored))


async def _list(
    request: sessions_pb2.ListSessionsRequest, session: AsyncSession
) -> sessions_pb2.ListSessionsResponse:
    with Fields() as fields:
        account_id = fields.id("account_id", request.account_id)
    query = (
        select(Session)
        .where(Session.account_id == account_id, _live())
        .order_by(Session.last_seen_at.desc(), Session.id.desc())
        .limit(MOST_LISTED)
    )
    found = await session.scalars(query)
    return sessions_pb2.ListSessionsResponse(sessions=map(_message, found))


async def _revoke(
    request: sessions_pb2.RevokeSessionRequest, session: AsyncSession
) -> sessions_pb2.RevokeSessionResponse:
    with Fields() as fields:
        account_id = fields.id("account_id", request.account_id)
        session_id = fields.id("session_id", request.session_id)
        if request.reason not in _ENDS:
            fields.refuse("reason", "must be SESSION_END_SIGNED_OUT or SESSION_END_REVOKED")
    its = _its(account_id, session_id)
    reason, kind = _ENDS[request.reason]
    end = (
        update(Session)
        .where(its, _live())
        .values(ended_at=func.now(), end_reason=reason)
        .returning(Session.user_agent)
    )
    user_agent = await session.scalar(end)
    if user_agent is not None:
        await record(session, account_id, kind, user_agent)
    elif await session.scalar(select(Session.id).where(its)) is None:
        raise NotFoundError("the account never had this session")
    return sessions_pb2.RevokeSessionResponse()


def _its(account_id: UUID, session_id: UUID) -> ColumnElement[bool]:
    return and_(Session.id == session_id, Session.account_id == account_id)


def _live() -> ColumnElement[bool]:
    return and_(Session.ended_at.is_(None), Session.expires_at > func.now())


def _message(session: Session) -> sessions_pb2.Session:
    return sessions_pb2.Session(
        id=str(session.id),
        account_id=str(session.account_id),
        user_agent=session.user_agent,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
    )
