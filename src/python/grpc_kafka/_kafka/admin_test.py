from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from grpc_kafka import BrokerError
from grpc_kafka._kafka._admin import Admin

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"{host}:{port}"


def test_brokers_that_say_nothing_are_asked_for_as_long_as_was_given(silent: socket.socket) -> None:
    admin = Admin(_address(silent), {}, 2.5, BrokerError)
    waits: list[float] = []

    def ask(wait: float) -> object:
        waits.append(wait)
        return admin.client.list_topics(timeout=wait)

    with pytest.raises(BrokerError, match=f"no broker answers at {_address(silent)}"):
        admin.ask(ask)
    assert waits[0] == 1.0
    assert len(waits) == 2
    assert 0 < waits[1] <= 1.5
