from ipaddress import ip_network

import pytest
from starlette.requests import Request

from services.account.clients import Clients

CLIENTS = Clients([ip_network("10.0.0.0/8")])


def request(peer: str | None, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {"type": "http", "headers": raw, "client": (peer, 1) if peer is not None else None}
    )


@pytest.mark.parametrize(
    ("peer", "reported", "address"),
    [
        ("10.1.2.3", "203.0.113.9", "203.0.113.9"),
        ("10.1.2.3", "2001:db8::1", "2001:db8::1"),
        ("10.1.2.3", "not an address", "10.1.2.3"),
        ("10.1.2.3", "", "10.1.2.3"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("::1", "203.0.113.9", "::1"),
        (None, "203.0.113.9", ""),
    ],
)
def test_only_a_trusted_proxy_reports_an_address(
    peer: str | None, reported: str, address: str
) -> None:
    assert CLIENTS.of(request(peer, x_real_ip=reported)).address == address
