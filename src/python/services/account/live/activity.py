"""The activity of an account as it happens."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing

import structlog
from starlette.requests import Request

from chassis.web.cookies import CookieJar, jar_of
from chassis.web.visitors import Visitor
from services.account.errors import InvalidFieldsError, ServiceError, SignedOutError
from services.account.gateways.accounts import AccountsGateway, Watch
from services.account.live.events import END, HEARTBEAT, beginning, event
from services.account.live.response import EventStream
from services.account.live.streams import Streams
from services.account.models import Activity, ActivityKind
from services.account.visitors import Visitors

LONGEST_ID = 36

_ENDS = {ActivityKind.SIGNED_OUT, ActivityKind.SESSION_REVOKED}

_log = structlog.get_logger()

type Told = Callable[[Activity], dict[str, object]]
"""What a browser is told of an entry."""


class LiveActivity:
    """Streams activity to who is signed in, for as long as the session is live.

    Args:
        accounts: Knows the activity.
        visitors: Tells who is signed in.
        streams: Bounds the streams.
    """

    def __init__(self, accounts: AccountsGateway, visitors: Visitors, streams: Streams) -> None:
        self._accounts = accounts
        self._visitors = visitors
        self._streams = streams

    async def stream(self, request: Request, after: str, told: Told) -> EventStream:
        """What happens after an entry with this id, or from now on if it is empty.

        Raises:
            SignedOutError: nobody is signed in, or the session has ended.
            InvalidFieldsError: the account has no such entry.
            TooManyStreamsError: there are as many streams as may be.
            ServiceError: another service did not answer.
        """
        jar = jar_of(request)
        visitor = await self._visitors.confirmed(jar, await self._visitors.known(jar))
        async with AsyncExitStack() as stack:
            stack.enter_context(self._streams.place(visitor.session_id))
            watch = await stack.enter_async_context(self._watching(visitor, after))
            return EventStream(self._events(jar, visitor, watch, told), stack.pop_all())

    def _watching(self, visitor: Visitor, after: str) -> AbstractAsyncContextManager[Watch]:
        if len(after) > LONGEST_ID:
            raise InvalidFieldsError({"after": "Must be the id of an entry."})
        return self._accounts.watching(visitor.account_id, after, self._streams.pace.lifetime)

    async def _events(
        self, jar: CookieJar, visitor: Visitor, watch: Watch, told: Told
    ) -> AsyncGenerator[bytes]:
        pace, now = self._streams.pace, asyncio.get_running_loop().time
        check_at = now() + pace.check
        yield beginning(watch.after_id, pace.some_retry())
        try:
            async with aclosing(self._streams.paced(watch.entries)) as entries:
                async for entry in entries:
                    if now() >= check_at or (entry and entry.kind in _ENDS):
                        visitor = await self._visitors.confirmed(jar, visitor)
                        check_at = now() + pace.check
                    yield event(entry.id, told(entry)) if entry else HEARTBEAT
        except SignedOutError:
            yield END
        except ServiceError as error:
            # The browser asks again, from the last entry that it was told of.
            await _log.awarning("stream broke", called=error.service, reason=str(error))
