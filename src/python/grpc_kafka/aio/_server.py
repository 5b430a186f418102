"""`grpc.aio.Server` over Kafka."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, NoReturn

import grpc

from grpc_kafka._broker import Broker, Queue, Sender
from grpc_kafka._counters import Counters
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._load import Load
from grpc_kafka._names import of_queue
from grpc_kafka.aio._care import Turns
from grpc_kafka.aio._dead_letters import DeadLetters
from grpc_kafka.aio._dispatcher import Dispatcher
from grpc_kafka.aio._handling import Handling
from grpc_kafka.aio._intake import Intake
from grpc_kafka.aio._options import Options, limits_of
from grpc_kafka.aio._routing import Routing
from grpc_kafka.aio._rpc import Rpc
from grpc_kafka.aio._server_stream import Desk
from grpc_kafka.aio._streaming import Streaming
from grpc_kafka.protocol import Arity, Response

DEFAULT_CONCURRENCY = 1000
"""Handlers that run at once when nobody says otherwise: memory stays bounded after an outage."""

_LOG = logging.getLogger(__name__)
_FLUSH = 10.0
# Seconds that cancelled handlers have to end.
_PATIENCE = 5.0


class KafkaServer(grpc.aio.Server):
    """Serves the queues of its services; made by `grpc_kafka.aio.server`."""

    def __init__(
        self,
        endpoint: Endpoint,
        broker: Broker,
        *,
        services: Sequence[str],
        interceptors: Sequence[grpc.aio.ServerInterceptor],
        maximum_concurrent_rpcs: int | None,
        options: Options | None,
        executor: Executor | None,
    ) -> None:
        if maximum_concurrent_rpcs is not None and maximum_concurrent_rpcs < 1:
            raise ValueError(f"maximum_concurrent_rpcs is positive, not {maximum_concurrent_rpcs}")
        for interceptor in interceptors:
            if not isinstance(interceptor, grpc.aio.ServerInterceptor):
                raise ValueError(f"{interceptor!r} is no grpc.aio.ServerInterceptor")  # noqa: TRY004
        self.counters = Counters()
        self._endpoint = endpoint
        self._broker = broker
        self._routing = Routing(services, interceptors)
        self._limits = limits_of(options)
        self._executor = executor
        self._limit = maximum_concurrent_rpcs or DEFAULT_CONCURRENCY
        self._sender: Sender | None = None
        self._dispatcher: Dispatcher | None = None
        self._letters: DeadLetters | None = None
        self._turns = Turns()
        self._desk: Desk | None = None
        self._queues: dict[str, Queue] = {}
        self._intakes: dict[str, Intake] = {}
        self._throttled = False
        self._started = False
        self._stopping: asyncio.Task[None] | None = None
        self._stop_at = float("inf")
        self._hurry = asyncio.Event()
        self._terminated = asyncio.Event()

    def add_generic_rpc_handlers(
        self, generic_rpc_handlers: Iterable[grpc.GenericRpcHandler]
    ) -> None:
        """Serve what these handlers handle; those that name a service have its queue read."""
        self._routing.add_generic(generic_rpc_handlers)
        self._open_queues()

    def add_registered_method_handlers(
        self,
        service_name: str,
        method_handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]],
    ) -> None:
        """Serve these methods of a service, and read its queue."""
        self._routing.add_registered(service_name, method_handlers)
        self._open_queues()

    def add_insecure_port(self, address: str) -> NoReturn:
        """Refuse: a server over Kafka has queues, not ports.

        Raises:
            grpc.aio.UsageError: always.
        """
        raise grpc.aio.UsageError(f"a server over Kafka has no port to open at {address}")

    def add_secure_port(self, address: str, server_credentials: grpc.ServerCredentials) -> NoReturn:  # noqa: ARG002
        """Refuse: a server over Kafka has queues, not ports.

        Raises:
            grpc.aio.UsageError: always.
        """
        raise grpc.aio.UsageError(f"a server over Kafka has no port to open at {address}")

    async def start(self) -> None:
        """Join the group of every service's queue; requests that wait there come soon.

        Raises:
            grpc.aio.UsageError: it was started before, or no service was added.
            BrokerError: the endpoint's settings are not valid.
        """
        if self._started or self._stopping is not None:
            raise grpc.aio.UsageError("the server was started or stopped before; make another one")
        if not self._routing.services:
            raise grpc.aio.UsageError(
                "the server has no service: add one that names itself, or name it in `services`"
            )
        self._started = True
        self._sender = self._broker.sender(self._endpoint, every_report=True)
        self._letters = DeadLetters(self._sender, self._endpoint.lane, self.counters)
        self._desk = Desk(self._endpoint, self._broker, self.counters)
        handling = Handling(self._routing, self._limits, self._executor)
        streaming = Streaming(
            self._routing, handling, self._desk, limits=self._limits, executor=self._executor
        )

        def answer(rpc: Rpc) -> Awaitable[Response | None]:
            unary = rpc.request.arity is Arity.UNARY_UNARY
            return handling.answer(rpc) if unary else streaming.answer(rpc)

        self._dispatcher = Dispatcher(
            answer,
            self._sender,
            lane=self._endpoint.lane,
            limit=self._limit,
            receive_limit=self._limits.receive,
            throttle=self._throttle,
            counters=self.counters,
        )
        self._open_queues()

    async def stop(self, grace: float | None) -> None:
        """Take nothing more, let handlers finish for at most `grace` seconds, cancel the rest.

        What was not begun or was cancelled stays in the queue for the next server. Finished
        work is committed. A handler that goes on although it was cancelled is left behind.
        May be called again: the shortest grace holds.
        """
        loop = asyncio.get_running_loop()
        self._stop_at = min(self._stop_at, loop.time() + (grace or 0))
        self._hurry.set()
        if self._stopping is None:
            self._stopping = loop.create_task(self._stop())
        await asyncio.shield(self._stopping)

    async def wait_for_termination(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Wait until it stopped; False when `timeout` seconds passed before."""
        try:
            await asyncio.wait_for(self._terminated.wait(), timeout)
        except TimeoutError:
            return False
        return True

    def healthy(self) -> Health:
        """Whether requests would be taken and answered now: cheap, without I/O."""
        if self._sender is None or self._stopping is not None:
            return Health(ok=False, detail="stopped" if self._stopping else "not started")
        found = [self._sender.healthy(), *(queue.healthy() for queue in self._queues.values())]
        if self._desk is not None:
            found.append(self._desk.healthy())
        bad = [health for health in found if not health.ok]
        return bad[0] if bad else Health(ok=True, detail="serving")

    def load(self) -> Load:
        """What it has to do now: cheap, without I/O."""
        lags = {service: queue.lag() for service, queue in self._queues.items()}
        lag = {service: records for service, records in lags.items() if records is not None}
        if self._dispatcher is None:
            return Load(0, 0, lag)
        return Load(self._dispatcher.running, self._dispatcher.waiting, lag)

    def _open_queues(self) -> None:
        """Read the queues of services that were added, once the server has started."""
        if self._dispatcher is None or self._letters is None or self._stopping is not None:
            return
        for service in self._routing.services:
            if service not in self._queues:
                intake = Intake(
                    self._dispatcher.serve,
                    self._dispatcher.drop_void,
                    self.counters,
                    letters=self._letters,
                    turns=self._turns,
                )
                topic = of_queue(self._endpoint.lane, service)
                queue = self._broker.open_queue(self._endpoint, topic, intake)
                intake.attach(queue)
                self._queues[service] = queue
                self._intakes[service] = intake
                if self._throttled:
                    queue.pause()

    def _throttle(self, throttled: bool) -> None:
        self._throttled = throttled
        for queue in self._queues.values():
            if throttled:
                queue.pause()
            else:
                queue.resume()

    async def _stop(self) -> None:
        if self._dispatcher is not None and self._sender is not None:
            self._throttle(True)
            self._dispatcher.close()
            if self._letters is not None:
                self._letters.close()
            leaving = [asyncio.create_task(self._leave(service)) for service in self._queues]
            await self._finish(self._dispatcher)
            await self._sender.close(_FLUSH)
            for each in leaving:
                each.cancel()
        if self._desk is not None:
            await self._desk.close()
        await asyncio.gather(*[queue.close() for queue in self._queues.values()])
        self._terminated.set()

    async def _leave(self, service: str) -> None:
        """Let others have a queue as soon as nothing of it is left here but streams."""
        await self._intakes[service].released()
        await self._queues[service].close()

    async def _finish(self, dispatcher: Dispatcher) -> None:
        loop = asyncio.get_running_loop()
        idle = loop.create_task(dispatcher.idle())
        while not idle.done() and loop.time() < self._stop_at:
            self._hurry.clear()
            hurried = loop.create_task(self._hurry.wait())
            left = self._stop_at - loop.time()
            await asyncio.wait({idle, hurried}, timeout=left, return_when="FIRST_COMPLETED")
            hurried.cancel()
        dispatcher.stop_all()
        await asyncio.wait({idle}, timeout=_PATIENCE)
        if not idle.done():
            idle.cancel()
            _LOG.error("handlers were cancelled, %d of them go on all the same", dispatcher.running)
