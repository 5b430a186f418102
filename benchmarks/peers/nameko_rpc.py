"""Nameko's RPC over RabbitMQ, as it comes: its standalone proxy calls a service of its container.

Both wait for RabbitMQ's confirmation of what they publish, which is its default. More workers than
its default of 10 serve, as many as there are calls in flight.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

if sys.argv[1:2] == ["serve"]:
    # Before anything that Nameko imports uses what this replaces.
    import eventlet

    eventlet.monkey_patch()

from nameko.containers import ServiceContainer
from nameko.exceptions import RpcTimeout
from nameko.rpc import rpc
from nameko.standalone.rpc import ClusterRpcProxy

from benchmarks.measured import blocking
from benchmarks.measured.messages import TIMEOUT

_MOMENT = 0.1
_WORKERS = 512


class _Echo:
    name = "echo"

    @rpc  # type: ignore[untyped-decorator]
    def echo(self, message: str) -> str:
        """Answer with what was sent."""
        return message


class _Reply(Protocol):
    """What Nameko gives for a call that was sent."""

    def result(self) -> str:
        """Wait for the reply."""


class _Client:
    """Calls that were sent, answered in the order of sending."""

    def __init__(self, proxy: ClusterRpcProxy) -> None:
        self._method = proxy.echo.echo
        self._sent: deque[_Reply] = deque()

    def send(self, message: bytes) -> None:
        """Publish a request, as text: Nameko's messages are JSON."""
        self._sent.append(self._method.call_async(message.decode()))

    def receive(self) -> list[bytes]:
        """Wait for the reply to the oldest request."""
        try:
            return [self._sent.popleft().result().encode()]
        except RpcTimeout as error:
            raise TimeoutError(str(error)) from error


@contextmanager
def _serve(url: str) -> Iterator[Callable[[], None]]:
    container = ServiceContainer(_Echo, config={"AMQP_URI": url, "max_workers": _WORKERS})
    container.start()
    yield lambda: eventlet.sleep(_MOMENT)
    container.stop()


@contextmanager
def _connect(url: str) -> Iterator[blocking.Client]:
    with ClusterRpcProxy({"AMQP_URI": url}, timeout=TIMEOUT) as proxy:
        yield _Client(proxy)


if __name__ == "__main__":
    blocking.main(_serve, _connect)
