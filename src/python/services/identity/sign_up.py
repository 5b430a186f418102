"""Signing up: a new account, made once however often its request is delivered."""

from typing import TYPE_CHECKING

import grpc
import structlog
from tandem.database.v1.accounts_pb2 import CreateAccountRequest, Profile

from services.identity import credentials
from services.identity.attempts import Attempt, Attempts
from services.identity.deadline import Deadline
from services.identity.errors import (
    EmailTakenError,
    IdTakenError,
    InvalidFieldsError,
    RefusedError,
)
from services.identity.passwords import Passwords
from services.identity.stores import Meanings, ask
from services.identity.validation import NewAccount

if TYPE_CHECKING:
    from tandem.database.v1.accounts_pb2_grpc import AccountStoreAsyncStub

_log = structlog.get_logger()


class SignUp:
    """Opens accounts."""

    def __init__(
        self, accounts: "AccountStoreAsyncStub", passwords: Passwords, attempts: Attempts
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._attempts = attempts

    async def open_account(self, new: NewAccount, client_address: str, deadline: Deadline) -> None:
        """Make the account; a repeated call with the same id and password finds it made.

        Raises:
            TooManyAttemptsError: a limit is reached.
            EmailTakenError: another account has the e-mail address, or this one another password.
            IdTakenError: the account with the id has another e-mail address; that address may have
                an account or not.
            InvalidFieldsError: the store cannot keep the e-mail address.
            RefusedError: a store did not answer.
        """
        attempt = await self._attempts.count(new.email, client_address, deadline)
        request = CreateAccountRequest(
            id=new.id,
            email=new.email,
            profile=Profile(display_name=new.display_name),
            password_hash=await self._passwords.hash(new.password),
        )
        try:
            await ask(self._accounts.CreateAccount, request, deadline, _REFUSALS)
        except IdTakenError:
            _log.debug("account exists already", account_id=new.id)
        await self._confirm(new, request.password_hash, deadline)
        await self._forget_attempts(attempt, deadline)

    async def _confirm(self, new: NewAccount, password_hash: str, deadline: Deadline) -> None:
        """Make sure that the account is the caller's, whether made now or by an earlier delivery.

        Who reuses the id of an account is not told whether another has the e-mail address: nothing
        is created by such a call, so that nobody would notice many of them.

        An id is no secret: who repeats a sign-up has to know its password. A salt makes every hash
        another, so an earlier delivery is known by verifying the password against what it stored.
        """
        credential = await credentials.find(self._accounts, new.email, deadline)
        if credential is None or credential.account_id != new.id:
            raise IdTakenError
        stored = credential.password_hash
        if stored != password_hash and not await self._passwords.matches(new.password, stored):
            raise EmailTakenError

    async def _forget_attempts(self, attempt: Attempt, deadline: Deadline) -> None:
        try:
            await self._attempts.forget(attempt, deadline)
        except RefusedError as error:  # no reason to refuse the account that was made
            _log.warning("sign-up attempts not forgotten", reason=str(error))


def _unusable_email() -> RefusedError:
    return InvalidFieldsError({"email": "This address cannot be used here. Use another one."})


_REFUSALS: Meanings = {
    "EMAIL_TAKEN": EmailTakenError,
    "ID_TAKEN": IdTakenError,
    # All else was checked as strictly as the store does.
    grpc.StatusCode.INVALID_ARGUMENT: _unusable_email,
}
