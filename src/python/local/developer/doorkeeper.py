"""Who may use the developer page: a browser on this machine, at the page itself.

The page can restart processes and shows logs, and any site that a developer visits may send
requests to loopback addresses. So the host that is asked for must be a loopback name (a name that
an attacker has resolve to 127.0.0.1 is not), and a change must come from the page, with its token.
"""

import secrets

from starlette.datastructures import Headers

_NAMES = ("127.0.0.1", "localhost", "[::1]")


class RefusedError(Exception):
    """The request does not come from the developer page; the message says what is wrong."""


class Doorkeeper:
    """Looks at requests.

    Attributes:
        token: What a form of the page carries; another one at each start.
    """

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(24)
        self._hosts = frozenset(f"{name}:{port}" for name in _NAMES)

    def check_host(self, headers: Headers) -> None:
        """Look at any request.

        Raises:
            RefusedError: it is for another host.
        """
        if headers.get("host", "") not in self._hosts:
            raise RefusedError("this address is not the developer page's")

    def check_change(self, headers: Headers, token: str) -> None:
        """Look at a request that changes something.

        Raises:
            RefusedError: it comes from elsewhere, or does not carry the token.
        """
        origin = headers.get("origin", "")
        if origin != f"http://{headers.get('host', '')}":
            raise RefusedError("the request comes from another site")
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            raise RefusedError("the page is of an earlier run; load it again")
