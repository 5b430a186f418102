"""The stream that keeps an open page up to date."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.account.errors import SignedOutError
from services.account.live.activity import LiveActivity
from services.account.live.response import EventStream
from services.account.pages.rows import Rows

STREAM = "/account/activity/stream"


class LivePages:
    """What the page's script asks; without it, the page shows the same when it is loaded again.

    Args:
        live: Streams.
        rows: Says what the page shows of an entry.
    """

    def __init__(self, live: LiveActivity, rows: Rows) -> None:
        self._live = live
        self._rows = rows

    def routes(self) -> list[Route]:
        """Where it is."""
        return [Route(STREAM, self.stream)]

    async def stream(self, request: Request) -> Response:
        """The rows that belong on top of the list, as they come."""
        if request.method == "HEAD":
            return Response(media_type=EventStream.media_type)
        # A browser that asks again names the last event that it got.
        after = request.headers.get("last-event-id") or request.query_params.get("after", "")
        try:
            return await self._live.stream(request, after, self._rows.told)
        except SignedOutError:
            # By this a browser knows that it is not to ask again. Cookies stay: the next page that
            # somebody looks at says what has happened.
            return Response(status_code=204)
