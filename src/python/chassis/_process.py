"""A running service: its settings, its edges, and the order in which they close."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import structlog
from starlette.types import ASGIApp

import grpc_kafka
from chassis import _access_log, _http
from chassis._called import Called
from chassis._errors import StartError
from chassis._health import Health, Probe
from chassis._in_flight import InFlight
from chassis._metrics import Metrics
from chassis._served import Served
from chassis._settings import Settings
from chassis._tracing import Tracing
from grpc_kafka import aio

_log = structlog.get_logger()


class Process[S: Settings]:
    """What a service builds its parts on.

    Everything closes in the reverse of the order in which it was made, except that HTTP and RPC
    stop first: a handler that still runs finds its channels and pools open.

    Attributes:
        name: The application's name; it names the inbox topic and the log entries.
        settings: What the environment said.
        health: What `GET /healthz` asks.
    """

    def __init__(self, name: str, settings: S, stack: AsyncExitStack) -> None:
        self.name = name
        self.settings = settings
        self.health = Health()
        self._stack = stack
        self._tracing = Tracing(name, settings)
        stack.push_async_callback(self._tracing.close, settings.shutdown_grace)
        self._metrics = Metrics(name, settings.lane, settings.version)
        if self._tracing.spans is not None:
            self._metrics.watch_spans(self._tracing.spans)
        self._channel: aio.KafkaChannel | None = None
        self._server: aio.KafkaServer | None = None
        self._app: ASGIApp | None = None
        self._when_draining: list[Callable[[], None]] = []
        self._when_stopping: list[Callable[[], None]] = []

    def channel(self) -> aio.KafkaChannel:
        """The process's one channel to all other services; closed at the stop."""
        if self._channel is None:
            channel = aio.channel(
                self._endpoint(),
                interceptors=[
                    *self._tracing.client_interceptors(),
                    Called(self._metrics.called),
                ],
            )
            self._stack.push_async_callback(channel.close)
            self.health.add("kafka replies", _probe(channel))
            self._metrics.watch_channel(channel)
            self._channel = channel
        return self._channel

    def server(self, maximum_concurrent_rpcs: int | None = None) -> aio.KafkaServer:
        """The process's one server; started when the service's `start` has returned.

        Args:
            maximum_concurrent_rpcs: Calls that are worked on at once; what comes past them stays in
                Kafka. None leaves it to `grpc_kafka`. Counts where the server is made: in the first
                call.

        Raises:
            ValueError: the maximum is not positive.
        """
        if self._server is None:
            self._server = aio.server(
                self._endpoint(),
                interceptors=[
                    self._tracing.server_interceptor(),
                    Served([_access_log.write, self._metrics.served]),
                ],
                maximum_concurrent_rpcs=maximum_concurrent_rpcs,
            )
            self.health.add("kafka requests", _probe(self._server))
            self._metrics.watch_server(self._server)
        return self._server

    async def enter[T](self, part: AbstractAsyncContextManager[T]) -> T:
        """Open a part of the service; it is closed at the stop."""
        return await self._stack.enter_async_context(part)

    def when_draining(self, callback: Callable[[], None]) -> None:
        """Call back each time the process is told to drain, by SIGUSR1.

        Another lane has the traffic now: what lasts is to end, so that it begins anew over there.
        The process serves on until it is stopped.
        """
        self._when_draining.append(callback)

    def drain(self) -> None:
        """Tell all that wants to know of it."""
        _log.info("draining")
        for callback in self._when_draining:
            callback()

    def when_stopping(self, callback: Callable[[], None]) -> None:
        """Call back as the stop begins, before anything closes.

        What answers for as long as it is asked has to be told, or it takes all of the grace.
        """
        self._when_stopping.append(callback)

    def serve_http(self, app: ASGIApp) -> None:
        """Answer HTTP by this application, everywhere but at `/healthz` and `/metrics`.

        Raises:
            RuntimeError: there is an application already.
        """
        if self._app is not None:
            raise RuntimeError("the process serves an HTTP application already")
        self._app = InFlight(app)
        self._metrics.watch_http(self._app)

    async def open(self) -> int:
        """Start to take calls and requests, now that all parts are built.

        Returns:
            The HTTP port.

        Raises:
            StartError: the brokers do not answer in time, their client's options are wrong, or the
                port is taken.
        """
        if self._channel is not None:
            await self._within_start_timeout(self._channel.channel_ready(), self._channel)
        if self._server is not None:
            await self._within_start_timeout(self._server.start(), self._server)
            self._stack.push_async_callback(self._server.stop, self.settings.shutdown_grace)
        app = _http.application(
            self.name, self.settings.lane, self.health, self._metrics, self._app
        )
        port = await self.enter(
            _http.serving(
                self._tracing.http(app),
                self.settings.http_host,
                self.settings.http_port,
                self.settings.shutdown_grace,
            )
        )
        for callback in self._when_stopping:
            self._stack.callback(callback)
        return port

    async def _within_start_timeout(
        self, step: Awaitable[None], edge: aio.KafkaChannel | aio.KafkaServer
    ) -> None:
        servers, limit = self.settings.kafka_bootstrap_servers, self.settings.start_timeout
        try:
            async with asyncio.timeout(limit):
                await step
        except TimeoutError:
            raise StartError(
                f"no Kafka broker answered at {servers} within {limit:g} s "
                f"({edge.healthy().detail}); check that it runs, TANDEM_KAFKA_BOOTSTRAP_SERVERS "
                "and the other settings of TANDEM_KAFKA_"
            ) from None
        except grpc_kafka.BrokerError as error:
            raise StartError(f"no client of Kafka: {error}; check TANDEM_KAFKA_OPTIONS") from None

    def _endpoint(self) -> grpc_kafka.Endpoint:
        return grpc_kafka.Endpoint(
            bootstrap_servers=self.settings.kafka_bootstrap_servers,
            lane=self.settings.lane,
            application=self.name,
            kafka=self.settings.kafka_settings(),
        )


def _probe(edge: aio.KafkaChannel | aio.KafkaServer) -> Probe:
    async def probe() -> None:
        health = edge.healthy()
        if not health.ok:
            raise ConnectionError(health.detail)

    return probe
