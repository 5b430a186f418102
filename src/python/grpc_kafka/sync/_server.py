"""`grpc.Server` over Kafka."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextvars import Context, copy_context
from typing import Any, NoReturn

import grpc

from grpc_kafka import aio
from grpc_kafka._broker import Broker
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka.sync._containing import containing
from grpc_kafka.sync._loop import LoopClosedError, LoopThread
from grpc_kafka.sync._wording import Wording

_UNSET = object()

type Handler = grpc.RpcMethodHandler[Any, Any]


class KafkaServer(grpc.Server):
    """Serves the queues of its services; made by `grpc_kafka.sync.server`."""

    def __init__(
        self,
        endpoint: Endpoint,
        thread_pool: Executor,
        *,
        services: Sequence[str],
        interceptors: Sequence[grpc.ServerInterceptor],
        maximum_concurrent_rpcs: int | None,
        options: aio.Options | None,
        broker: Broker | None,
    ) -> None:
        self._thread = LoopThread("grpc server")
        self._stopped = threading.Event()
        # More handlers than threads would only wait in this process instead of in Kafka.
        most = maximum_concurrent_rpcs or getattr(thread_pool, "_max_workers", None)
        self._server = self._thread.ask(
            lambda: aio.server(
                endpoint,
                services=services,
                interceptors=[
                    Wording(),
                    *[_Intercepted(each, thread_pool) for each in interceptors],
                ],
                maximum_concurrent_rpcs=most,
                options=options,
                migration_thread_pool=thread_pool,
                broker=broker,
            )
        )

    def add_generic_rpc_handlers(
        self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]
    ) -> None:
        """Serve what these handlers handle; those that name a service have its queue read."""
        handlers = tuple(generic_rpc_handlers)
        self._thread.ask(lambda: self._server.add_generic_rpc_handlers(handlers))

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, Handler]
    ) -> None:
        """Serve these methods of a service, and read its queue."""
        self._thread.ask(
            lambda: self._server.add_registered_method_handlers(service_name, method_handlers)
        )

    def add_insecure_port(self, address: str) -> NoReturn:
        """Refuse: a server over Kafka has queues, not ports.

        Raises:
            grpc.aio.UsageError: always.
        """
        self._server.add_insecure_port(address)

    def add_secure_port(self, address: str, server_credentials: grpc.ServerCredentials) -> NoReturn:
        """Refuse: a server over Kafka has queues, not ports.

        Raises:
            grpc.aio.UsageError: always.
        """
        self._server.add_secure_port(address, server_credentials)

    def start(self) -> None:
        """Join the group of every service's queue; requests that wait there come soon."""
        self._thread.wait(self._server.start())

    def stop(self, grace: float | None) -> threading.Event:
        """Take nothing more, let handlers finish for `grace` seconds; gives an event of the end."""
        try:
            stopping = self._thread.submit(self._server.stop(grace))
        except LoopClosedError:
            return self._stopped
        stopping.add_done_callback(lambda _stopping: self._end())
        return self._stopped

    def wait_for_termination(self, timeout: float | None = None) -> bool:
        """Wait until it stopped; True when `timeout` seconds passed before, as in `grpc`."""
        return not self._stopped.wait(timeout)

    def healthy(self) -> Health:
        """Whether requests would be taken and answered now."""
        return self._thread.ask(self._server.healthy)

    def _end(self) -> None:
        self._stopped.set()
        self._thread.end()


class _Intercepted(grpc.aio.ServerInterceptor):
    """A thread's interceptor among those of the loop."""

    def __init__(self, interceptor: grpc.ServerInterceptor, pool: Executor) -> None:
        self._interceptor = interceptor
        self._pool = pool

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        loop = asyncio.get_running_loop()

        async def go_on(details: grpc.HandlerCallDetails) -> tuple[Handler | None, Context]:
            return await continuation(details), copy_context()

        def following(details: grpc.HandlerCallDetails) -> Handler | None:
            handler, inner = asyncio.run_coroutine_threadsafe(go_on(details), loop).result()
            _adopt(inner)
            return handler

        def intercepted() -> Handler | None:
            with containing():
                return self._interceptor.intercept_service(following, handler_call_details)

        own = copy_context()
        handler = await loop.run_in_executor(self._pool, own.run, intercepted)
        _adopt(own)
        return handler


def _adopt(context: Context) -> None:
    """Set here what was set there: to an application, all of a call happens in one context."""
    for variable, value in context.items():
        if variable.get(_UNSET) is not value:
            variable.set(value)
