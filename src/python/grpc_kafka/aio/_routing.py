"""Which handler serves a method, and which queues a server must read to be asked for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import grpc

type Handler = grpc.RpcMethodHandler[object, object]


class CallDetails(NamedTuple):
    """What an interceptor and a generic handler learn of a call: `grpc.HandlerCallDetails`."""

    method: str
    invocation_metadata: tuple[tuple[str, str | bytes], ...]


class Routing:
    """The handlers of a server, behind its interceptors.

    Args:
        services: names of services beside those that handlers name themselves.
        interceptors: the first is the outermost.

    """

    def __init__(
        self, services: Sequence[str], interceptors: Sequence[grpc.aio.ServerInterceptor]
    ) -> None:
        self._services = dict.fromkeys(services)
        self._interceptors = tuple(interceptors)
        self._methods: dict[str, Handler] = {}
        self._generic: list[grpc.GenericRpcHandler] = []

    @property
    def services(self) -> list[str]:
        """The services whose queues are to be read."""
        return list(self._services)

    @property
    def intercepts(self) -> bool:
        """Whether there are interceptors, which `find` asks and `lookup` does not."""
        return bool(self._interceptors)

    def add_generic(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Ask these handlers, in their order, after the registered methods.

        Raises:
            AttributeError: one of them cannot say what it handles.
        """
        for handler in handlers:
            if not callable(getattr(handler, "service", None)):
                raise AttributeError(f"{handler!r} is no grpc.GenericRpcHandler")  # noqa: TRY004
            self._generic.append(handler)
            if isinstance(handler, grpc.ServiceRpcHandler):
                self._services[handler.service_name()] = None

    def add_registered(self, service: str, methods: Mapping[str, Handler]) -> None:
        """Serve these methods of a service."""
        self._services[service] = None
        self._methods |= {f"/{service}/{name}": handler for name, handler in methods.items()}

    async def find(self, details: CallDetails) -> Handler | None:
        """The handler that the outermost interceptor lets through; None: not served."""
        if not self._interceptors:
            return self.lookup(details)
        return await self._intercept(self._interceptors, cast("grpc.HandlerCallDetails", details))

    async def _intercept(
        self,
        interceptors: tuple[grpc.aio.ServerInterceptor, ...],
        details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        if not interceptors:
            return self.lookup(cast("CallDetails", details))
        first, *rest = interceptors

        def go_on(details: grpc.HandlerCallDetails) -> Awaitable[Handler | None]:
            return self._intercept(tuple(rest), details)

        go: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]] = go_on
        return await first.intercept_service(go, details)

    def lookup(self, details: CallDetails) -> Handler | None:
        """The handler behind all interceptors; None: not served."""
        handler = self._methods.get(details.method)
        if handler is not None:
            return handler
        for generic in self._generic:
            found = generic.service(cast("grpc.HandlerCallDetails", details))
            if found is not None:
                return cast("Handler", found)
        return None
