"""The account store and the activity log in memory."""

from collections.abc import AsyncIterator

import grpc
import grpc.aio
from tandem.database.v1 import accounts_pb2, activity_pb2
from tandem.database.v1.accounts_pb2_grpc import AccountStoreServicer
from tandem.database.v1.activity_pb2_grpc import ActivityLogServicer

from services.account.testing.ledger import Ledger, Person, timestamp

type _Context = grpc.aio.ServicerContext[object, object]


class FakeAccountStore(AccountStoreServicer):
    """Answers as the account store does to what this service asks."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def GetAccount(  # noqa: N802  # the generator's name
        self, request: accounts_pb2.GetAccountRequest, context: _Context
    ) -> accounts_pb2.GetAccountResponse:
        """Read an account."""
        person = await self._person(request.id, context)
        return accounts_pb2.GetAccountResponse(account=_account(person))

    async def UpdateProfile(  # noqa: N802
        self, request: accounts_pb2.UpdateProfileRequest, context: _Context
    ) -> accounts_pb2.UpdateProfileResponse:
        """Replace a profile."""
        if "idempotency-key" not in dict(context.invocation_metadata() or ()):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "there is no idempotency-key")
        person = await self._person(request.account_id, context)
        old = (person.display_name, person.about)
        person.display_name, person.about = request.profile.display_name, request.profile.about
        if old != (person.display_name, person.about):
            kind = activity_pb2.ACTIVITY_KIND_PROFILE_UPDATED
            self._ledger.record(person.id, kind, "display name, about")
        return accounts_pb2.UpdateProfileResponse(account=_account(person))

    async def CreateAccount(  # noqa: N802
        self, request: accounts_pb2.CreateAccountRequest, context: _Context
    ) -> accounts_pb2.CreateAccountResponse:
        """Only identity asks this."""
        raise NotImplementedError

    async def GetCredential(  # noqa: N802
        self, request: accounts_pb2.GetCredentialRequest, context: _Context
    ) -> accounts_pb2.GetCredentialResponse:
        """Only identity asks this."""
        raise NotImplementedError

    async def ReplacePasswordHash(  # noqa: N802
        self, request: accounts_pb2.ReplacePasswordHashRequest, context: _Context
    ) -> accounts_pb2.ReplacePasswordHashResponse:
        """Only identity asks this."""
        raise NotImplementedError

    async def _person(self, account_id: str, context: _Context) -> Person:
        person = self._ledger.people.get(account_id)
        if person is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such account")
            raise AssertionError
        return person


class FakeActivityLog(ActivityLogServicer):
    """Answers as the activity log does; a page token is the number of entries before the page."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def ListActivity(  # noqa: N802
        self, request: activity_pb2.ListActivityRequest, context: _Context
    ) -> activity_pb2.ListActivityResponse:
        """A page of entries."""
        if request.page_token and not request.page_token.isdecimal():
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not a page token")
        start = int(request.page_token or "0")
        end = start + (request.page_size or 20)
        entries = self._ledger.people[request.account_id].activity
        return activity_pb2.ListActivityResponse(
            activities=entries[start:end], next_page_token=str(end) if end < len(entries) else ""
        )

    async def WatchActivity(  # noqa: N802
        self, request: activity_pb2.WatchActivityRequest, context: _Context
    ) -> AsyncIterator[activity_pb2.WatchActivityResponse]:
        """Entries as they are written."""
        entries = self._ledger.people[request.account_id].activity
        ids = [entry.id for entry in reversed(entries)]
        if request.after_id and request.after_id not in ids:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such entry")
        after_id = request.after_id or ids[-1]
        seen = ids.index(after_id) + 1
        with self._ledger.watching() as bell:
            yield activity_pb2.WatchActivityResponse(after_id=after_id)
            while True:
                for entry in list(reversed(entries))[seen:]:
                    yield activity_pb2.WatchActivityResponse(activity=entry, after_id=entry.id)
                    seen += 1
                bell.clear()
                await bell.wait()


def _account(person: Person) -> accounts_pb2.Account:
    return accounts_pb2.Account(
        id=person.id,
        email=person.email,
        profile=accounts_pb2.Profile(display_name=person.display_name, about=person.about),
        created_at=timestamp(person.created_at),
    )
