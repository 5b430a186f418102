"""Each service by its own Compose file, with what it needs and nothing more."""

import json
from functools import partial

import pytest

from tests.docs.commands import documented
from tests.support import docker
from tests.support.docker import Stack, service_of
from tests.system.api import Client
from tests.system.load import problem_of
from tests.system.people import Person

pytestmark = pytest.mark.timeout(600)

ASKED = {
    "database": ("tandem.database.v1.SessionStore/ListSessions", "identity"),
    "identity": ("tandem.identity.v1.Identity/GetVerificationKeys", "account"),
}
"""A method of each that serves by Kafka, and an application that may call it."""

WITH_A_DOOR = {"account"}
"""Those that people ask, by nginx."""


@pytest.mark.parametrize(
    ("service", "needs"),
    [
        ("database", {"kafka", "postgres"}),
        ("account", {"kafka", "postgres", "database", "identity", "nginx"}),
    ],
)
def test_a_service_starts_alone_with_what_it_needs_and_answers(
    service: str, needs: set[str]
) -> None:
    with docker.project(f"src/python/services/{service}") as stack:
        stack.up()
        assert running(stack) == {service, *needs}
        for method, application in (ASKED[name] for name in ({service} | needs) & ASKED.keys()):
            assert answered(stack, method, application)
        if service in WITH_A_DOOR:
            person = Person("Ada Lovelace")
            with Client(stack.url) as client:
                assert problem_of(partial(client.sign_up, person)) == ""
                shown = client.get("/api/v1/account").json()
            assert shown["profile"]["display_name"] == person.name


def test_identity_starts_alone_and_answers_as_the_page_says() -> None:
    with docker.project("src/python/services/identity") as stack:
        starting = documented("docs/compose.md", "services/identity\ndocker compose up")
        up = starting.run(folder=stack.checkout, environment=stack.told, timeout=docker.UP_TIMEOUT)
        assert up.code == 0, f"{up.said}\n{stack.logs()}"
        assert running(stack) == {"identity", "kafka", "postgres", "database"}
        calling = documented("docs/compose.md", "docker compose run --rm --no-deps kafka-topics")
        called = calling.run(folder=stack.checkout, environment=stack.told)
        assert called.code == 0, called.said
        assert "EdDSA" in called.said


def running(stack: Stack) -> set[str]:
    """What runs, by the services of the Compose file."""
    return {service_of(each) for each in stack.containers() if each["State"]["Running"]}


def answered(stack: Stack, method: str, application: str) -> bool:
    """Call a method as somebody at a terminal does; fails if the answer is none."""
    account = '{"accountId": "01980000-0000-7000-8000-000000000000"}'
    request = account if "Session" in method else "{}"
    said = stack.run(
        "kafka-topics",
        *("grpc_kafka.call", "--bootstrap", "kafka:9092", "--lane", "blue"),
        *("--options-file", "/run/secrets/kafka_admin.properties", "--application", application),
        *(method, request),
    )
    return isinstance(json.loads(said), dict)
