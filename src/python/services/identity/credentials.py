"""Credentials: what an account's password is verified against."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
from tandem.database.v1.accounts_pb2 import GetCredentialRequest

from services.identity.deadline import Deadline
from services.identity.errors import WrongCredentialsError
from services.identity.stores import Meanings, ask

if TYPE_CHECKING:
    from tandem.database.v1.accounts_pb2_grpc import AccountStoreAsyncStub

_NO_ACCOUNT: Meanings = {
    grpc.StatusCode.NOT_FOUND: WrongCredentialsError,
    grpc.StatusCode.INVALID_ARGUMENT: WrongCredentialsError,  # an address that none can have
}


@dataclass(frozen=True, slots=True)
class Credential:
    """An account and the hash of its password, a PHC string."""

    account_id: str
    password_hash: str = field(repr=False)


async def find(store: "AccountStoreAsyncStub", email: str, deadline: Deadline) -> Credential | None:
    """Get the credential behind an e-mail address; None when there is none.

    Raises:
        RefusedError: the store did not answer.
    """
    request = GetCredentialRequest(email=email)
    try:
        answer = await ask(store.GetCredential, request, deadline, _NO_ACCOUNT)
    except WrongCredentialsError:
        return None
    return Credential(answer.account_id, answer.password_hash)
