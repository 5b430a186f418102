"""Three brokers instead of one."""

import json
from typing import Any

import pytest

from tests.docs.commands import documented
from tests.support import docker
from tests.support.docker import Stack
from tests.system.load import Load, lost

pytestmark = pytest.mark.timeout(1200)

WARM = 12  # requests that are answered before a broker is killed
SETTLED = 15  # requests that are answered without it
PATIENCE = 120.0  # seconds, on a busy machine
BROKERS = ("kafka", "kafka-2", "kafka-3")
# Prints, of each topic, how many copies its partitions have and how many must have a record.
ASK = """
import json
from confluent_kafka.admin import AdminClient, ConfigResource

with open("/run/secrets/kafka_admin.properties") as file:
    options = dict(line.strip().split("=", 1) for line in file)
admin = AdminClient({"bootstrap.servers": "kafka:9092", **options})
topics = admin.list_topics(timeout=20).topics
asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in topics]
settings = {each.name: told.result() for each, told in admin.describe_configs(asked).items()}
print(json.dumps({
    name: [
        sorted({len(each.replicas) for each in topic.partitions.values()}),
        settings[name]["min.insync.replicas"].value,
    ]
    for name, topic in topics.items()
}))
"""


def copies(stack: Stack) -> dict[str, Any]:
    """How many copies each topic has, and how many must have a record, by the brokers."""
    with_python = ("--rm", "--no-deps", "--no-TTY", "--entrypoint=/app/bin/python")
    told = stack.compose("run", *with_python, "kafka-topics", "-c", ASK)
    return dict(json.loads(told))


def test_any_one_of_three_brokers_may_crash_and_nothing_acknowledged_is_lost() -> None:
    with docker.project("infra/compose", "three-brokers.yml") as stack:
        starting = documented("docs/compose.md", "three-brokers.yml")
        up = starting.run(folder=stack.folder, environment=stack.told, timeout=docker.UP_TIMEOUT)
        assert up.code == 0, f"{up.said}\n{stack.logs()}"
        topics = copies(stack)
        assert {"blue.account.inbox", "__consumer_offsets"} <= topics.keys()
        assert {name: found for name, found in topics.items() if found != [[3], "2"]} == {}
        with Load(stack.url) as load:
            for broker in BROKERS:
                load.wait_for_answers(WARM, PATIENCE)
                stack.crash(broker)
                load.wait_for_answers(SETTLED, PATIENCE)
        assert lost(stack.url, load) == []
