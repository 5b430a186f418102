"""librdkafka's settings: what this transport needs, and the endpoint's own on top."""

from __future__ import annotations

from collections.abc import Mapping

from grpc_kafka._endpoint import Endpoint

type Settings = dict[str, str | int | float | bool]

_CONSUMERS_ONLY = (
    "auto.", "check.crcs", "enable.auto.", "enable.partition.eof", "fetch.",
    "group.", "heartbeat.", "isolation.", "max.partition.fetch.", "max.poll.",
    "partition.assignment.", "queued.", "session.",
)  # fmt: skip
_PRODUCERS_ONLY = (
    "acks", "batch.", "compression.", "delivery.", "enable.gapless.", "enable.idempotence",
    "linger.", "message.send.", "message.timeout.", "partitioner", "queue.buffering.",
    "request.required.", "request.timeout.", "retries", "retry.backoff.", "sticky.",
    "topic.metadata.propagation.", "transaction",
)  # fmt: skip

# Milliseconds; longer than to hand over a thousand records takes.
_LINGER = 0.5
# Milliseconds; they show whether brokers answer, and whether any is left to be asked.
_STATISTICS = 1000


def of_client(endpoint: Endpoint) -> Settings:
    """What every client of the brokers has."""
    return {
        "bootstrap.servers": endpoint.bootstrap_servers,
        "client.id": f"{endpoint.lane}.{endpoint.application}",
        "socket.nagle.disable": True,
        "socket.keepalive.enable": True,
        "reconnect.backoff.max.ms": 1000,
    }


def of_admin(endpoint: Endpoint) -> Settings:
    """A client that neither reads nor writes; its errors are raised, not printed as well."""
    quiet: Settings = {"log_level": 2}
    own = _without(endpoint.kafka, (*_CONSUMERS_ONLY, *_PRODUCERS_ONLY))
    return of_client(endpoint) | quiet | own


def of_producer(endpoint: Endpoint, *, every_report: bool) -> Settings:
    """A producer that keeps the order of a key and sends at once."""
    own: Settings = {
        "enable.idempotence": True,
        "linger.ms": 0,
        "partitioner": "murmur2_random",
        "message.timeout.ms": 30_000,
        # What may wait is bounded by credit and by the calls under way; librdkafka's own bound of
        # 100,000 would break off streams whenever brokers stand still for a moment.
        "queue.buffering.max.messages": 1_000_000,
        "delivery.report.only.error": not every_report,
        # Topics are created before anyone calls: what is not there by now will not appear. Of a
        # producer's question alone brokers would make one, unless they are told not to.
        "allow.auto.create.topics": False,
        "topic.metadata.propagation.max.ms": 1000,
        "statistics.interval.ms": _STATISTICS,
    }
    return of_client(endpoint) | own | _without(endpoint.kafka, _CONSUMERS_ONLY)


def of_bulk_producer(endpoint: Endpoint, *, every_report: bool) -> Settings:
    """A producer that is handed many records in one moment, and waits until it has them all."""
    return of_producer(endpoint, every_report=every_report) | {"linger.ms": _LINGER}


def of_inbox(endpoint: Endpoint, topic: str) -> Settings:
    """A consumer of an inbox: it joins no group, the name is a formality of the client."""
    own: Settings = {
        "group.id": topic,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
    }
    shared = _without(endpoint.kafka, (*_PRODUCERS_ONLY, "group."))
    return of_client(endpoint) | _of_consumer() | own | shared


def of_queue(endpoint: Endpoint, topic: str) -> Settings:
    """A member of the group that reads a queue; it commits the positions it is told."""
    own: Settings = {
        "group.id": topic,
        "group.protocol": "consumer",
        "enable.auto.commit": True,
        "auto.commit.interval.ms": 200,
        "enable.auto.offset.store": False,
    }
    return of_client(endpoint) | _of_consumer() | own | _without(endpoint.kafka, _PRODUCERS_ONLY)


def _of_consumer() -> Settings:
    return {
        "auto.offset.reset": "earliest",
        "fetch.queue.backoff.ms": 1,
        "fetch.error.backoff.ms": 50,
        "statistics.interval.ms": _STATISTICS,
    }


def _without(settings: Mapping[str, str], prefixes: tuple[str, ...]) -> Settings:
    return {name: value for name, value in settings.items() if not name.startswith(prefixes)}
