"""Limits on attempts to sign up and to sign in, by e-mail address and by client address."""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from tandem.database.v1.attempts_pb2 import CountAttemptRequest, ForgetAttemptsRequest

from services.identity.deadline import Deadline
from services.identity.errors import TooManyAttemptsError
from services.identity.stores import ask
from services.identity.validation import normal_email

if TYPE_CHECKING:
    from tandem.database.v1.attempts_pb2_grpc import AttemptStoreAsyncStub

_IPV6_CUSTOMER = 64
"""Bits of an IPv6 address that name a customer; the rest is the customer's to choose anew."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many attempts are allowed in a window of time."""

    per_email: int
    per_client: int
    window: timedelta


class Attempts:
    """Counts the attempts at one purpose, such as signing in.

    The store gets HMAC-SHA256 digests of addresses, never the addresses. An attempt of a client
    that is over its limit is not counted against the e-mail address, so that one client can keep
    only so many others out.
    """

    def __init__(
        self, purpose: str, limits: Limits, store: "AttemptStoreAsyncStub", digest_key: bytes
    ) -> None:
        self._purpose = purpose
        self._limits = limits
        self._store = store
        self._digest_key = digest_key

    async def count(self, email: str, client_address: str, deadline: Deadline) -> None:
        """Count one attempt.

        Args:
            email: Whom the attempt is aimed at; compared without regard to case and spelling.
            client_address: Whom it comes from; not counted when empty.
            deadline: When the answer is due.

        Raises:
            TooManyAttemptsError: a limit is reached.
            RefusedError: the store did not answer.
        """
        if client_address:
            client_key = self._digest("client", _customer(client_address))
            await self._count(client_key, self._limits.per_client, deadline)
        await self._count(self._email_key(email), self._limits.per_email, deadline)

    async def forget(self, email: str, deadline: Deadline) -> None:
        """Forget the attempts at an e-mail address after a success; its client's stay counted.

        Raises:
            RefusedError: the store did not answer.
        """
        request = ForgetAttemptsRequest(key=self._email_key(email))
        await ask(self._store.ForgetAttempts, request, deadline)

    async def _count(self, key: bytes, limit: int, deadline: Deadline) -> None:
        window = Duration()
        window.FromTimedelta(self._limits.window)
        request = CountAttemptRequest(key=key, limit=limit, window=window)
        answer = await ask(self._store.CountAttempt, request, deadline)
        if not answer.allowed:
            raise TooManyAttemptsError(answer.retry_after.ToTimedelta())

    def _email_key(self, email: str) -> bytes:
        # Unicode has many spellings of one domain: each would have attempts of its own.
        normal = normal_email(email) or email.strip()
        return self._digest("email", normal.casefold())

    def _digest(self, kind: str, value: str) -> bytes:
        message = "\0".join((self._purpose, kind, value))
        return hmac.new(self._digest_key, message.encode(), hashlib.sha256).digest()


def _customer(client_address: str) -> str:
    """What stays the same when a client changes the part of its address that it may choose."""
    try:
        address = ipaddress.ip_address(client_address.strip())
    except ValueError:
        return client_address
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed, _IPV6_CUSTOMER), strict=False))
