"""A `grpc.aio.Channel` and a `grpc.aio.Server` on Kafka topics."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

import grpc

from grpc_kafka._broker import Broker
from grpc_kafka._endpoint import Endpoint
from grpc_kafka.aio._channel import KafkaChannel
from grpc_kafka.aio._options import Options
from grpc_kafka.aio._server import KafkaServer

__all__ = ["KafkaChannel", "KafkaServer", "Options", "channel", "server"]


def channel(
    endpoint: Endpoint,
    *,
    interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
    options: Options | None = None,
    compression: grpc.Compression | None = None,  # noqa: ARG001
    broker: Broker | None = None,
) -> KafkaChannel:
    """A channel to every service of the endpoint's lane.

    Args:
        endpoint: which cluster, lane and application.
        interceptors: client interceptors of `grpc.aio`, the first is the outermost.
        options: channel arguments; those about message sizes are honoured.
        compression: accepted and ignored: the brokers' settings compress records.
        broker: another broker than Kafka, such as `grpc_kafka.testing.InMemoryBroker`.

    """
    return KafkaChannel(
        endpoint, broker or _kafka(), interceptors=interceptors or (), options=options
    )


def server(
    endpoint: Endpoint,
    *,
    handlers: Sequence[grpc.GenericRpcHandler] | None = None,
    services: Sequence[str] = (),
    interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
    maximum_concurrent_rpcs: int | None = None,
    options: Options | None = None,
    compression: grpc.Compression | None = None,  # noqa: ARG001
    migration_thread_pool: Executor | None = None,
    broker: Broker | None = None,
) -> KafkaServer:
    """A server for the services that are added to it.

    Args:
        endpoint: which cluster, lane and application.
        handlers: as for `add_generic_rpc_handlers`.
        services: names of services that generic handlers serve without naming them.
        interceptors: server interceptors of `grpc.aio`, the first is the outermost.
        maximum_concurrent_rpcs: handlers that run at once (1,000 by default); past that,
            requests stay in Kafka.
        options: channel arguments; those about message sizes are honoured.
        compression: accepted and ignored: the brokers' settings compress records.
        migration_thread_pool: runs handlers that are plain functions.
        broker: another broker than Kafka, such as `grpc_kafka.testing.InMemoryBroker`.

    """
    made = KafkaServer(
        endpoint,
        broker or _kafka(),
        services=services,
        interceptors=interceptors or (),
        maximum_concurrent_rpcs=maximum_concurrent_rpcs,
        options=options,
        executor=migration_thread_pool,
    )
    made.add_generic_rpc_handlers(handlers or ())
    return made


def _kafka() -> Broker:
    # librdkafka is loaded by who uses it: tests on the broker in memory do without.
    from grpc_kafka._kafka import KafkaBroker  # noqa: PLC0415

    return KafkaBroker()
