"""Accounts and their credentials."""

from uuid import UUID

import grpc.aio
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncSession
from tandem.database.v1 import accounts_pb2, accounts_pb2_grpc

from services.database.effects import once
from services.database.errors import AlreadyExistsError, NotFoundError, PreconditionError
from services.database.fields import Fields
from services.database.models import (
    ABOUT_MOST,
    DISPLAY_NAME_MOST,
    Account,
    Activity,
    ActivityKind,
    Credential,
)
from services.database.stores.entries import record
from services.database.transactions import Transactions

type _Context[Q, R] = grpc.aio.ServicerContext[Q, R]


class Accounts(accounts_pb2_grpc.AccountStoreServicer):
    """The store behind `tandem.database.v1.AccountStore`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def CreateAccount(  # noqa: N802
        self,
        request: accounts_pb2.CreateAccountRequest,
        context: _Context[accounts_pb2.CreateAccountRequest, accounts_pb2.CreateAccountResponse],
    ) -> accounts_pb2.CreateAccountResponse:
        """Store an account, its credential and its first activity."""
        return await self._transactions.answer(_create, request, context)

    async def GetAccount(  # noqa: N802
        self,
        request: accounts_pb2.GetAccountRequest,
        context: _Context[accounts_pb2.GetAccountRequest, accounts_pb2.GetAccountResponse],
    ) -> accounts_pb2.GetAccountResponse:
        """The account with this id."""
        return await self._transactions.answer(_get, request, context)

    async def UpdateProfile(  # noqa: N802
        self,
        request: accounts_pb2.UpdateProfileRequest,
        context: _Context[accounts_pb2.UpdateProfileRequest, accounts_pb2.UpdateProfileResponse],
    ) -> accounts_pb2.UpdateProfileResponse:
        """Replace the profile, if it differs; once for each key."""
        metadata = context.invocation_metadata()
        work = once(_update_profile, accounts_pb2.UpdateProfileResponse, metadata)
        return await self._transactions.answer(work, request, context)

    async def GetCredential(  # noqa: N802
        self,
        request: accounts_pb2.GetCredentialRequest,
        context: _Context[accounts_pb2.GetCredentialRequest, accounts_pb2.GetCredentialResponse],
    ) -> accounts_pb2.GetCredentialResponse:
        """The credential behind an e-mail address."""
        return await self._transactions.answer(_get_credential, request, context)

    async def ReplacePasswordHash(  # noqa: N802
        self,
        request: accounts_pb2.ReplacePasswordHashRequest,
        context: _Context[
            accounts_pb2.ReplacePasswordHashRequest, accounts_pb2.ReplacePasswordHashResponse
        ],
    ) -> accounts_pb2.ReplacePasswordHashResponse:
        """Replace a password hash, if it is still the one that was verified."""
        return await self._transactions.answer(_replace_password_hash, request, context)


async def _create(
    request: accounts_pb2.CreateAccountRequest, session: AsyncSession
) -> accounts_pb2.CreateAccountResponse:
    with Fields() as fields:
        account_id = fields.new_id("id", request.id)
        email = fields.email("email", request.email)
        profile = _profile(fields, request.profile)
        password_hash = fields.password_hash("password_hash", request.password_hash)
    row = {"id": account_id, "email": email, **profile}
    # Every unique rule may skip the row: which one it was is asked after, without a race.
    insertion = insert_or_skip(Account).values(row).on_conflict_do_nothing().returning(Account)
    account = await session.scalar(insertion)
    if account is None:
        account = await _same_account(session, account_id, email, profile)
    else:
        await session.execute(
            insert(Credential).values(account_id=account_id, password_hash=password_hash)
        )
        await record(session, account_id, ActivityKind.ACCOUNT_CREATED, "")
    return accounts_pb2.CreateAccountResponse(account=_message(account))


async def _same_account(
    session: AsyncSession, account_id: UUID, email: str, profile: dict[str, str]
) -> Account:
    """The account that a call before this one made, as it is now, if it was the same call."""
    account = await session.get(Account, account_id)
    if account is None:
        raise AlreadyExistsError("EMAIL_TAKEN", "another account has this e-mail address")
    same = account.email == email
    if any(getattr(account, name) != value for name, value in profile.items()):
        same = same and await _was_edited(session, account_id)
    if not same:
        raise AlreadyExistsError("ID_TAKEN", "an account with this id exists, with other content")
    return account


async def _was_edited(session: AsyncSession, account_id: UUID) -> bool:
    query = select(Activity.id).where(
        Activity.account_id == account_id, Activity.kind == ActivityKind.PROFILE_UPDATED
    )
    return await session.scalar(query.limit(1)) is not None


async def _get(
    request: accounts_pb2.GetAccountRequest, session: AsyncSession
) -> accounts_pb2.GetAccountResponse:
    with Fields() as fields:
        account_id = fields.id("id", request.id)
    account = _found(await session.get(Account, account_id))
    return accounts_pb2.GetAccountResponse(account=_message(account))


async def _update_profile(
    request: accounts_pb2.UpdateProfileRequest, session: AsyncSession
) -> accounts_pb2.UpdateProfileResponse:
    with Fields() as fields:
        account_id = fields.id("account_id", request.account_id)
        profile = _profile(fields, request.profile)
    query = select(Account).where(Account.id == account_id).with_for_update(key_share=True)
    account = _found(await session.scalar(query))
    changed = [name for name, value in profile.items() if getattr(account, name) != value]
    if changed:
        for name in changed:
            setattr(account, name, profile[name])
        await session.flush()
        detail = ", ".join(name.replace("_", " ") for name in changed)
        await record(session, account_id, ActivityKind.PROFILE_UPDATED, detail)
    return accounts_pb2.UpdateProfileResponse(account=_message(account))


async def _get_credential(
    request: accounts_pb2.GetCredentialRequest, session: AsyncSession
) -> accounts_pb2.GetCredentialResponse:
    with Fields() as fields:
        email = fields.email("email", request.email)
    query = (
        select(Credential)
        .join(Account, Account.id == Credential.account_id)
        .where(Account.email == email)
    )
    credential = await session.scalar(query)
    if credential is None:
        raise NotFoundError("no account has this e-mail address")
    return accounts_pb2.GetCredentialResponse(
        account_id=str(credential.account_id), password_hash=credential.password_hash
    )


async def _replace_password_hash(
    request: accounts_pb2.ReplacePasswordHashRequest, session: AsyncSession
) -> accounts_pb2.ReplacePasswordHashResponse:
    with Fields() as fields:
        account_id = fields.id("account_id", request.account_id)
        verified = fields.password_hash("verified_hash", request.verified_hash)
        new = fields.password_hash("new_hash", request.new_hash)
    change = (
        update(Credential)
        .where(Credential.account_id == account_id, Credential.password_hash == verified)
        .values(password_hash=new, changed_at=func.now())
        .returning(Credential.account_id)
    )
    if await session.scalar(change) is None:
        credential = _found(await session.get(Credential, account_id))
        if credential.password_hash != new:
            raise PreconditionError("the password hash was replaced since it was verified")
    return accounts_pb2.ReplacePasswordHashResponse()


def _profile(fields: Fields, profile: accounts_pb2.Profile) -> dict[str, str]:
    return {
        "display_name": fields.text(
            "profile.display_name", profile.display_name, least=1, most=DISPLAY_NAME_MOST
        ),
        "about": fields.text("profile.about", profile.about, most=ABOUT_MOST),
    }


def _found[T](row: T | None) -> T:
    if row is None:
        raise NotFoundError("no account has this id")
    return row


def _message(account: Account) -> accounts_pb2.Account:
    return accounts_pb2.Account(
        id=str(account.id),
        email=account.email,
        profile=accounts_pb2.Profile(display_name=account.display_name, about=account.about),
        created_at=account.created_at,
    )
