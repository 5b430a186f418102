"""Profiles and activity, at the database service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC

import grpc
import grpc.aio
from tandem.database.v1 import accounts_pb2, activity_pb2
from tandem.database.v1.accounts_pb2_grpc import AccountStoreStub
from tandem.database.v1.activity_pb2_grpc import ActivityLogStub
from uuid_utils.compat import uuid7

from services.account.errors import (
    InvalidFieldsError,
    ServiceUnavailableError,
    TooManyStreamsError,
)
from services.account.gateways.statuses import Meanings, answers_of
from services.account.models import Account, Activity, ActivityKind, ActivityPage, Profile

_DATABASE = "database"
_KINDS = {
    activity_pb2.ACTIVITY_KIND_ACCOUNT_CREATED: ActivityKind.ACCOUNT_CREATED,
    activity_pb2.ACTIVITY_KIND_SIGNED_IN: ActivityKind.SIGNED_IN,
    activity_pb2.ACTIVITY_KIND_SIGNED_OUT: ActivityKind.SIGNED_OUT,
    activity_pb2.ACTIVITY_KIND_SESSION_REVOKED: ActivityKind.SESSION_REVOKED,
    activity_pb2.ACTIVITY_KIND_PROFILE_UPDATED: ActivityKind.PROFILE_UPDATED,
}


type _Responses = AsyncIterator[activity_pb2.WatchActivityResponse]

_OF_WATCHES: Meanings = {
    grpc.StatusCode.INVALID_ARGUMENT: lambda: InvalidFieldsError(
        {"after": "Must be the id of an entry of this account."}
    ),
    grpc.StatusCode.RESOURCE_EXHAUSTED: lambda: TooManyStreamsError("of the store"),
}


@dataclass(frozen=True)
class Watch:
    """A watch of an account's activity that has begun.

    Attributes:
        after_id: The id of the entry that those to come follow; empty if there is none.
        entries: Those to come, the oldest first; may raise `ServiceError`.
    """

    after_id: str
    entries: AsyncIterator[Activity]


class AccountsGateway:
    """Asks the account store and the activity log; each call ends within the deadline.

    Every method may raise `ServiceError`.

    Args:
        channel: The way to the database service.
        deadline: Seconds that an answer may take.
    """

    def __init__(self, channel: grpc.aio.Channel, deadline: float) -> None:
        self._accounts = AccountStoreStub(channel)
        self._activity = ActivityLogStub(channel)
        self._deadline = deadline

    async def account(self, account_id: str) -> Account:
        """The account with this id.

        Raises:
            NotFoundError: there is none.
        """
        request = accounts_pb2.GetAccountRequest(id=account_id)
        with answers_of(_DATABASE):
            response = await self._accounts.GetAccount(request, timeout=self._deadline)
        return _account(response.account)

    async def update_profile(self, account_id: str, profile: Profile) -> Account:
        """Replace an account's profile; the account as it is then.

        Raises:
            NotFoundError: there is no such account.
            InvalidFieldsError: the store does not accept a field.
        """
        request = accounts_pb2.UpdateProfileRequest(
            account_id=account_id,
            profile=accounts_pb2.Profile(display_name=profile.display_name, about=profile.about),
        )
        with answers_of(_DATABASE):
            response = await self._accounts.UpdateProfile(
                request,
                timeout=self._deadline,
                metadata=(("idempotency-key", str(uuid7())),),
            )
        return _account(response.account)

    async def activity(self, account_id: str, page_size: int, page_token: str) -> ActivityPage:
        """What happened on an account, newest first.

        Raises:
            InvalidFieldsError: the page token is not one of an earlier page.
        """
        request = activity_pb2.ListActivityRequest(
            account_id=account_id, page_size=page_size, page_token=page_token
        )
        with answers_of(_DATABASE):
            response = await self._activity.ListActivity(request, timeout=self._deadline)
        return ActivityPage(
            [_entry(entry) for entry in response.activities], response.next_page_token
        )

    @asynccontextmanager
    async def watching(
        self, account_id: str, after_id: str, seconds: float
    ) -> AsyncIterator[Watch]:
        """Watch what happens on an account after an entry, for so long at most.

        Args:
            account_id: The account.
            after_id: The entry; empty for the newest one.
            seconds: How long.

        Raises:
            InvalidFieldsError: the account has no such entry.
            TooManyStreamsError: the store has as many watches as it can take.
        """
        request = activity_pb2.WatchActivityRequest(account_id=account_id, after_id=after_id)
        call = self._activity.WatchActivity(request, timeout=seconds + self._deadline)
        try:
            responses = aiter(call)
            yield Watch(await self._beginning(responses), _entries(responses))
        finally:
            call.cancel()

    async def _beginning(self, responses: _Responses) -> str:
        try:
            with answers_of(_DATABASE, _OF_WATCHES):
                async with asyncio.timeout(self._deadline):
                    return (await anext(responses)).after_id
        except TimeoutError:
            raise ServiceUnavailableError(_DATABASE, "the watch did not begin") from None


async def _entries(responses: _Responses) -> AsyncIterator[Activity]:
    with answers_of(_DATABASE):
        async for response in responses:
            yield _entry(response.activity)


def _account(account: accounts_pb2.Account) -> Account:
    return Account(
        id=account.id,
        email=account.email,
        profile=Profile(account.profile.display_name, account.profile.about),
        created_at=account.created_at.ToDatetime(tzinfo=UTC),
    )


def _entry(entry: activity_pb2.Activity) -> Activity:
    return Activity(
        id=entry.id,
        kind=_KINDS.get(entry.kind, ActivityKind.OTHER),
        occurred_at=entry.occurred_at.ToDatetime(tzinfo=UTC),
        detail=entry.detail,
    )
