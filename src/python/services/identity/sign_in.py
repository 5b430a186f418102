"""Signing in: from an e-mail address and a password to an account."""

from typing import TYPE_CHECKING

import structlog
from tandem.database.v1.accounts_pb2 import ReplacePasswordHashRequest

from services.identity import credentials, validation
from services.identity.attempts import Attempt, Attempts
from services.identity.credentials import Credential
from services.identity.deadline import Deadline
from services.identity.errors import RefusedError, StoreRefusedError, WrongCredentialsError
from services.identity.passwords import Passwords
from services.identity.stores import ask

if TYPE_CHECKING:
    from tandem.database.v1.accounts_pb2_grpc import AccountStoreAsyncStub

_log = structlog.get_logger()


class SignIn:
    """Authenticates the owners of accounts."""

    def __init__(
        self, accounts: "AccountStoreAsyncStub", passwords: Passwords, attempts: Attempts
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._attempts = attempts

    async def authenticate(
        self, email: str, password: str, client_address: str, deadline: Deadline
    ) -> str:
        """Find whose password it is; the answer is the account's id.

        Whether the account exists shows neither in the answer nor in the time that it takes: in
        both cases the attempt is counted, the credential asked for, and one hash computed. The
        times are equal only where the stored hash has today's parameters: after a change of costs,
        an account whose owner has not signed in since takes as long as before.

        Raises:
            TooManyAttemptsError: a limit is reached.
            WrongCredentialsError: there is no such account, or its password is another.
            RefusedError: a store did not answer.
        """
        attempt = await self._attempts.count(email, client_address, deadline)
        credential = await self._credential(email, deadline)
        stored = None if credential is None else credential.password_hash
        if not await self._passwords.matches(password, stored) or credential is None:
            raise WrongCredentialsError
        await self._after_success(attempt, password, credential, deadline)
        return credential.account_id

    async def _credential(self, email: str, deadline: Deadline) -> Credential | None:
        normal = validation.normal_email(email)
        return None if normal is None else await credentials.find(self._accounts, normal, deadline)

    async def _after_success(
        self, attempt: Attempt, password: str, credential: Credential, deadline: Deadline
    ) -> None:
        # Neither is worth to refuse a rightful sign-in for; the next one does what was missed.
        try:
            await self._attempts.forgive(attempt, deadline)
            if self._passwords.is_outdated(credential.password_hash):
                await self._rehash(password, credential, deadline)
        except (RefusedError, StoreRefusedError) as error:
            _log.warning("sign-in not cleaned up after", reason=str(error))

    async def _rehash(self, password: str, credential: Credential, deadline: Deadline) -> None:
        request = ReplacePasswordHashRequest(
            account_id=credential.account_id,
            verified_hash=credential.password_hash,
            new_hash=await self._passwords.hash(password),
        )
        await ask(self._accounts.ReplacePasswordHash, request, deadline)
        _log.info("password hash renewed", account_id=credential.account_id)
