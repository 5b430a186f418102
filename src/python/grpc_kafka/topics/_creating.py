"""Creates topics that are not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from grpc_kafka._errors import TopicsError
from grpc_kafka._kafka._faults import fault_of
from grpc_kafka.topics._topic import Topic

# Errors are raised; librdkafka need not write them to the terminal as well.
_QUIET = {"log_level": "2"}


def create(
    bootstrap_servers: str,
    topics: Iterable[Topic],
    kafka: Mapping[str, str] | None = None,
    timeout: float = 10.0,
) -> list[str]:
    """Create the topics that do not exist; those that do are left as they are.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        topics: what should exist.
        kafka: further librdkafka settings, such as those for security.
        timeout: seconds until the brokers must have answered.

    Returns:
        The names of those that were created now, sorted.

    Raises:
        TopicsError: the brokers did not answer, or refused a topic.

    """
    wanted = {topic.name: topic for topic in topics}
    if not wanted:
        return []
    try:
        admin = AdminClient({**_QUIET, "bootstrap.servers": bootstrap_servers, **(kafka or {})})
        futures = admin.create_topics(
            [_new(topic) for topic in wanted.values()],
            operation_timeout=timeout,
            request_timeout=timeout,
        )
    except KafkaException as error:
        raise TopicsError(f"no topic was created: {error.args[0].str()}") from error
    return sorted(name for name, future in futures.items() if _created(name, future, timeout))


def _new(topic: Topic) -> NewTopic:
    return NewTopic(
        topic.name,
        num_partitions=topic.partitions,
        replication_factor=topic.replication,
        config=dict(topic.settings),
    )


def _created(name: str, future: Future[None], timeout: float) -> bool:
    try:
        future.result(timeout * 2)
    except TimeoutError as error:
        raise TopicsError(f"topic {name} was not created in {timeout:.0f} s") from error
    except KafkaException as error:
        reason: KafkaError = error.args[0]
        if reason.code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        said = fault_of(error).reason
        raise TopicsError(f"topic {name} was not created: {said}") from error
    return True
