"""Who sent a request."""

from collections.abc import Sequence
from ipaddress import ip_address

from starlette.requests import Request

from services.account.models import Client
from services.account.settings import Network


class Clients:
    """Tells clients by their address, which a trusted proxy may report for them.

    Args:
        trusted_proxies: Whose X-Real-IP header is believed.
    """

    def __init__(self, trusted_proxies: Sequence[Network]) -> None:
        self._trusted = tuple(trusted_proxies)

    def of(self, request: Request) -> Client:
        """The client behind this request."""
        # Identity cuts and cleans what it stores of a user agent.
        return Client(request.headers.get("user-agent", ""), self._address(request))

    def _address(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        reported = request.headers.get("x-real-ip", "")
        return reported if self._is_trusted(peer) and _is_address(reported) else peer

    def _is_trusted(self, peer: str) -> bool:
        return _is_address(peer) and any(ip_address(peer) in network for network in self._trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
