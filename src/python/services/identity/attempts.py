"""Limits on attempts to sign up and to sign in, by client, by e-mail address and by both."""

import asyncio
import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from tandem.database.v1.attempts_pb2 import (
    CountAttemptRequest,
    ForgetAttemptsRequest,
    RefundAttemptRequest,
)

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
    """How many attempts are allowed in a window of time.

    Attributes:
        per_pair: By one client at one e-mail address.
        per_client: By one client at all addresses.
        per_email: By all clients at one address: many, since it keeps its owner out as well.
        window: The window's length.
    """

    per_pair: int
    per_client: int
    per_email: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was counted; each part by key, with the end of its window.

    Attributes:
        pair: Of the client at the e-mail address.
        client: Of the client; None if it is not known.
        email: Of the address.
    """

    pair: "_Count"
    client: "_Count | None"
    email: "_Count"


@dataclass(frozen=True, slots=True)
class _Count:
    key: bytes
    window_ends_at: Timestamp


class Attempts:
    """Counts the attempts at one purpose, such as signing in.

    The store gets HMAC-SHA256 digests of addresses, never the addresses. Every attempt is counted
    before it is made, so that guesses at the same time cannot pass a limit together; what succeeds
    is taken back. What a client's own limits refuse is not counted against the e-mail address:
    only many clients together reach the limit that keeps everybody out.
    """

    def __init__(
        self, purpose: str, limits: Limits, store: "AttemptStoreAsyncStub", digest_key: bytes
    ) -> None:
        self._purpose = purpose
        self._limits = limits
        self._store = store
        self._digest_key = digest_key

    async def count(self, email: str, client_address: str, deadline: Deadline) -> Attempt:
        """Count one attempt.

        Args:
            email: Whom the attempt is aimed at; compared without regard to case and spelling.
            client_address: Whom it comes from. All clients without an address share the limit of
                one pair, and have none of their own.
            deadline: When the answer is due.

        Raises:
            TooManyAttemptsError: a limit is reached.
            RefusedError: the store did not answer.
        """
        customer, address = _customer(client_address), _address(email)
        limits, client = self._limits, None
        if customer:
            client = await self._count(limits.per_client, deadline, "client", customer)
        pair = await self._count(limits.per_pair, deadline, "pair", customer, address)
        at_email = await self._count(limits.per_email, deadline, "email", address)
        return Attempt(pair, client, at_email)

    async def forget(self, attempt: Attempt, deadline: Deadline) -> None:
        """After a success, forget the client's attempts at the address; its own stay counted.

        Raises:
            RefusedError: the store did not answer.
        """
        request = ForgetAttemptsRequest(key=attempt.pair.key)
        await asyncio.gather(
            ask(self._store.ForgetAttempts, request, deadline),
            self._refund(attempt.email, deadline),
        )

    async def forgive(self, attempt: Attempt, deadline: Deadline) -> None:
        """Forget after a success, and do not count it against its client either.

        Raises:
            RefusedError: the store did not answer.
        """
        refunds = [] if attempt.client is None else [self._refund(attempt.client, deadline)]
        await asyncio.gather(self.forget(attempt, deadline), *refunds)

    async def _count(self, limit: int, deadline: Deadline, *what: str) -> _Count:
        window = Duration()
        window.FromTimedelta(self._limits.window)
        request = CountAttemptRequest(key=self._digest(*what), limit=limit, window=window)
        answer = await ask(self._store.CountAttempt, request, deadline)
        if not answer.allowed:
            raise TooManyAttemptsError(answer.retry_after.ToTimedelta())
        return _Count(request.key, answer.window_ends_at)

    async def _refund(self, count: _Count, deadline: Deadline) -> None:
        request = RefundAttemptRequest(key=count.key, window_ends_at=count.window_ends_at)
        await ask(self._store.RefundAttempt, request, deadline, once=True)

    def _digest(self, *what: str) -> bytes:
        message = "\0".join((self._purpose, *what))
        return hmac.new(self._digest_key, message.encode(), hashlib.sha256).digest()


def _address(email: str) -> str:
    # Unicode has many spellings of one domain: each would have attempts of its own.
    return (normal_email(email) or email.strip()).casefold()


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
