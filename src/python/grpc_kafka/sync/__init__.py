"""A `grpc.Channel` and a `grpc.Server` on Kafka topics, for code without asyncio.

Both are `grpc_kafka.aio`'s, run by a thread of their own: nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

import grpc

from grpc_kafka._broker import Broker
from grpc_kafka._endpoint import Endpoint
from grpc_kafka.aio import Options
from grpc_kafka.sync._calls import KafkaCall
from grpc_kafka.sync._channel import KafkaChannel
from grpc_kafka.sync._server import KafkaServer

__all__ = ["KafkaCall", "KafkaChannel", "KafkaServer", "channel", "server"]


def channel(
    endpoint: Endpoint, *, options: Options | None = None, broker: Broker | None = None
) -> KafkaChannel:
    """A channel to every service of the endpoint's lane.

    Put `grpc.intercept_channel` around it for interceptors.

    Args:
        endpoint: which cluster, lane and application.
        options: channel arguments; those about message sizes are honoured.
        broker: another broker than Kafka; it is used by the channel's thread only.

    """
    return KafkaChannel(endpoint, options=options, broker=broker)


def server(
    endpoint: Endpoint,
    thread_pool: Executor,
    *,
    handlers: Sequence[grpc.GenericRpcHandler] | None = None,
    services: Sequence[str] = (),
    interceptors: Sequence[grpc.ServerInterceptor] | None = None,
    maximum_concurrent_rpcs: int | None = None,
    options: Options | None = None,
    broker: Broker | None = None,
) -> KafkaServer:
    """A server for the services that are added to it.

    Args:
        endpoint: which cluster, lane and application.
        thread_pool: runs handlers.
        handlers: as for `add_generic_rpc_handlers`.
        services: names of services that generic handlers serve without naming them.
        interceptors: server interceptors of `grpc`, the first is the outermost.
        maximum_concurrent_rpcs: handlers that run at once, as many as the pool has threads unless
            said otherwise; past that, requests stay in Kafka.
        options: channel arguments; those about message sizes are honoured.
        broker: another broker than Kafka; it is used by the server's thread only.

    """
    made = KafkaServer(
        endpoint,
        thread_pool,
        services=services,
        interceptors=interceptors or (),
        maximum_concurrent_rpcs=maximum_concurrent_rpcs,
        options=options,
        broker=broker,
    )
    made.add_generic_rpc_handlers(handlers or ())
    return made
