"""The topics of a cluster: looked at, created, changed, emptied; never deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future

from confluent_kafka.admin._config import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
)
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewPartitions

from grpc_kafka._errors import TopicsError
from grpc_kafka._kafka._admin import Admin
from grpc_kafka.topics._creating import create
from grpc_kafka.topics._differences import Difference, Found
from grpc_kafka.topics._emptying import empty
from grpc_kafka.topics._topic import Topic


class Cluster:
    """Topics behind brokers that have so many seconds for everything together.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        kafka: further librdkafka settings, such as those for security.
        timeout: seconds until all must be done.

    """

    def __init__(self, bootstrap_servers: str, kafka: Mapping[str, str], timeout: float) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._kafka = kafka
        self._admin = Admin(bootstrap_servers, kafka, timeout, TopicsError)

    def look(self, wanted: Iterable[Topic]) -> dict[str, Found]:
        """What is there of these topics.

        Raises:
            TopicsError: the brokers did not answer in time, or refused.
        """
        listed = self._admin.ask(lambda wait: self._admin.client.list_topics(timeout=wait)).topics
        names = [topic.name for topic in wanted if topic.name in listed]
        settings = self._settings(names)
        return {
            name: Found(
                len(listed[name].partitions),
                min((len(each.replicas) for each in listed[name].partitions.values()), default=0),
                settings[name],
            )
            for name in names
        }

    def create(self, topic: Topic) -> None:
        """Create a topic; one that is there by now is left as it is.

        Raises:
            TopicsError: the brokers did not answer in time, or refused.
        """
        create(self._bootstrap_servers, [topic], self._kafka, self._admin.left())

    def empty(self, names: Iterable[str]) -> list[str]:
        """Remove all records of topics; gives the names of those that are empty now, sorted.

        Raises:
            TopicsError: a process reads one of them; the brokers did not answer in time, or
                refused.
        """
        return empty(self._admin, names)

    def apply(self, difference: Difference) -> None:
        """Change what differs.

        Raises:
            TopicsError: the brokers did not answer in time, or refused.
        """
        for future in self._changing(difference):
            self._admin.result(future, f"{difference.topic.name} was not changed")

    def _changing(self, difference: Difference) -> Iterable[Future[None]]:
        topic, wait = difference.topic, self._admin.left()
        if not difference.setting:
            more = NewPartitions(topic.name, topic.partitions)
            return self._admin.client.create_partitions([more], request_timeout=wait).values()
        entry = ConfigEntry(
            difference.setting,
            difference.value,
            source=ConfigSource.DYNAMIC_TOPIC_CONFIG,
            incremental_operation=AlterConfigOpType.SET,
        )
        resource = _resource(topic.name, [entry])
        return self._admin.client.incremental_alter_configs(
            [resource], request_timeout=wait
        ).values()

    def _settings(self, names: list[str]) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        resources = [_resource(name, []) for name in names]
        futures = self._admin.client.describe_configs(resources, request_timeout=self._admin.left())
        return {
            resource.name: {
                name: entry.value
                for name, entry in self._admin.result(
                    future, f"{resource.name} was not read"
                ).items()
                if entry.value is not None
            }
            for resource, future in futures.items()
        }


def _resource(name: str, entries: list[ConfigEntry]) -> ConfigResource:
    return ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
