"""Each service by its own Compose file, with what it needs and nothing more."""

import json

import pytest

from tests.support import docker
from tests.support.docker import service_of
from uuid_utils.compat import uuid7

CALL = "grpc_kafka.call"
KAFKA = ("--bootstrap", "kafka:9092", "--options-file", "/run/secrets/kafka_admin.properties")


@pytest.mark.parametrize(
    ("service", "needs"),
    [
        ("database", {"kafka", "postgres"}),
        ("identity", {"kafka", "postgres", "database"}),
        ("account", {"kafka", "postgres", "database", "identity", "nginx"}),
    ],
)
def test_a_service_starts_alone_with_what_it_needs_and_answers(
    service: str, needs: set[str]
) -> None:
    with docker.project(f"src/python/services/{service}") as stack:
        stack.up()
        running = {service_of(each) for each in stack.containers() if each["State"]["Running"]}
        assert running == {service, *needs}
        email = f"nobody-{uuid7()}@example.com"
        asked = json.dumps({"email": email})
        answer = stack.run(
            "kafka-topics", CALL, *KAFKA, "tandem.database.v1.AccountStore/FindAccount", asked
        )
        assert answer
