"""A service whose brokers let in whom they know."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from chassis import Process, Settings, StartError, load
from grpc_kafka import topics
from tests.support import secured_kafka
from tests.support.secured_kafka import Grant


async def test_a_service_shows_the_password_that_its_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = tmp_path / "password"
    with secured_kafka.running(tmp_path) as broker:
        broker.user("greeter", "hunter2")
        inbox = topics.of_inbox("blue", "greeter")
        topics.create(broker.plain.bootstrap_servers, [topics.Topic(inbox)])
        queue = topics.of_queue("blue", "tests.Greeter")
        # Without the right to write to anything no producer is let in.
        broker.allow("greeter", [Grant("topic", inbox, "READ"), Grant("topic", queue, "WRITE")])
        for name, value in {
            "BOOTSTRAP_SERVERS": broker.sasl_ssl,
            "SECURITY_PROTOCOL": "SASL_SSL",
            "USERNAME": "greeter",
            "PASSWORD_FILE": str(password),
            "CA_FILE": str(broker.authority.certificate),
        }.items():
            monkeypatch.setenv(f"TANDEM_KAFKA_{name}", value)
        monkeypatch.setenv("TANDEM_HTTP_PORT", "0")
        monkeypatch.setenv("TANDEM_START_TIMEOUT", "30")
        password.write_text("hunter2\n")
        async with AsyncExitStack() as stack:
            process = Process("greeter", load(Settings), stack)
            process.channel()
            assert await process.open()
            assert (await process.health.check()).ok
        password.write_text("*******\n")
        monkeypatch.setenv("TANDEM_START_TIMEOUT", "10")
        async with AsyncExitStack() as stack:
            process = Process("greeter", load(Settings), stack)
            process.channel()
            with pytest.raises(StartError, match=r"authentication failed.*invalid credentials"):
                await process.open()
