"""A process's inbox: opened once it is wanted, and tried again until it stands."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable

from grpc_kafka._broker import Broker, Inbox, Receive
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._errors import BrokerError
from grpc_kafka._names import of_inbox
from grpc_kafka.protocol import Address

_LOG = logging.getLogger(__name__)
_FIRST_RETRY = 0.1
_LAST_RETRY = 5.0
_INSTANCE_BYTES = 8


class Home:
    """Where a channel or a server hears.

    Args:
        endpoint: names the inbox.
        broker: opens it.
        receive: takes the records of the partition, those for other processes too.
        stands: called when the inbox is open.
        failed: told why it cannot be opened; trying goes on, unless the error is a bug.

    """

    def __init__(
        self,
        endpoint: Endpoint,
        broker: Broker,
        receive: Receive,
        *,
        stands: Callable[[Address], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.instance = secrets.token_hex(_INSTANCE_BYTES)
        self.address: Address | None = None
        self._endpoint = endpoint
        self._broker = broker
        self._receive = receive
        self._stands = stands
        self._failed = failed
        self._inbox: Inbox | None = None
        self._opening: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to open the inbox, if nothing else has."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
            self._opening.add_done_callback(self._opened)

    def healthy(self) -> Health:
        """Whether records would arrive."""
        if self._inbox is None:
            return Health(ok=False, detail="the inbox is not open")
        return self._inbox.healthy()

    async def close(self) -> None:
        """Hear nothing more."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        inbox, self._inbox = self._inbox, None
        self.address = None
        if inbox is not None:
            await inbox.close()

    async def _open(self) -> None:
        topic = of_inbox(self._endpoint.lane, self._endpoint.application)
        pause = _FIRST_RETRY
        while self._inbox is None:
            try:
                self._inbox = await self._broker.open_inbox(self._endpoint, topic, self._receive)
            except BrokerError as error:
                _LOG.warning("the inbox cannot be read: %s; trying again", error.reason)
                self._failed(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LAST_RETRY)
        self.address = Address(topic, self._inbox.partition, self.instance)
        self._stands(self.address)

    def _opened(self, opening: asyncio.Task[None]) -> None:
        error = None if opening.cancelled() else opening.exception()
        if isinstance(error, Exception):
            # A bug, not a broker's refusal: trying again by itself would be in vain.
            self._opening = None
            _LOG.error("the inbox cannot be opened: %r", error, exc_info=error)
            self._failed(error)
