"""Brokers that let in whom they know, and allow each what it needs and no more."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import pytest
from confluent_kafka import Consumer, TopicPartition

from grpc_kafka import Endpoint, Health, Security, topics
from grpc_kafka.aio import KafkaChannel, KafkaServer, channel, server
from grpc_kafka.topics._command import main
from tests.support import secured_kafka
from tests.support.certificates import Authority
from tests.support.secured_kafka import Grant, SecuredKafka
from tests.transport.waiting import STALL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

type Context = grpc.aio.ServicerContext[bytes, bytes]
type Requests = AsyncIterator[bytes]
type Method = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
type Chat = grpc.aio.StreamStreamMultiCallable[bytes, bytes]

SERVICE = "tests.Vault"
SECONDS = 6.0
"""Within which a refusal must be told."""


async def _echo(request: bytes, _context: Context) -> bytes:
    return request


async def _chat(requests: Requests, _context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


@dataclass(frozen=True, slots=True)
class Vault:
    """A lane on a broker that knows two users, `client` and `server`, with least rights."""

    broker: SecuredKafka
    lane: str

    @property
    def queue(self) -> str:
        return topics.of_queue(self.lane, SERVICE)

    def client(self, security: Security | None = None) -> Endpoint:
        known = security or self.security("client")
        return Endpoint(self.broker.sasl_ssl, self.lane, "client", known.settings())

    def server(self, security: Security | None = None) -> Endpoint:
        known = security or self.security("server")
        return Endpoint(self.broker.sasl_ssl, self.lane, "server", known.settings())

    def security(
        self, user: str, *, password: str | None = None, authority: Authority | None = None
    ) -> Security:
        return Security(
            "SASL_SSL",
            username=f"{self.lane}-{user}",
            password=password or f"secret of {user}",
            ca_file=(authority or self.broker.authority).certificate,
        )

    def allow(self, user: str, *grants: Grant) -> None:
        self.broker.allow(f"{self.lane}-{user}", grants)

    def allow_client(self, user: str = "client") -> None:
        """What docs/security.md lists for a client."""
        self.allow(
            user,
            Grant("topic", self.queue, "WRITE"),
            Grant("topic", f"{self.lane}.server.inbox", "WRITE"),
            Grant("topic", f"{self.lane}.client.inbox", "READ"),
        )

    def allow_server(self) -> None:
        """What docs/security.md lists for a server."""
        self.allow(
            "server",
            Grant("topic", self.queue, "READ"),
            Grant("group", self.queue, "READ"),
            Grant("topic", f"{self.lane}.client.inbox", "WRITE"),
            Grant("topic", f"{self.lane}.server.inbox", "READ"),
            Grant("topic", topics.of_dead_letter(self.lane, SERVICE), "WRITE"),
        )


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka.running(tmp_path_factory.mktemp("secured")) as broker:
        yield broker


@pytest.fixture
def vault(secured: SecuredKafka) -> Vault:
    made = Vault(secured, f"t{uuid.uuid4().hex[:8]}")
    names = [topics.of_inbox(made.lane, name) for name in ("client", "server")]
    names += [made.queue, topics.of_dead_letter(made.lane, SERVICE)]
    topics.create(secured.plain.bootstrap_servers, [topics.Topic(name) for name in names])
    for user in ("client", "server"):
        secured.user(f"{made.lane}-{user}", f"secret of {user}")
    return made


async def _serve(endpoint: Endpoint) -> KafkaServer:
    made = server(endpoint)
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Call": grpc.unary_unary_rpc_method_handler(_echo),
        "Chat": grpc.stream_stream_rpc_method_handler(_chat),
    }
    made.add_registered_method_handlers(SERVICE, handlers)
    await made.start()
    return made


def _method(opened: KafkaChannel) -> Method:
    return opened.unary_unary(f"/{SERVICE}/Call")


async def _fails(
    opened: KafkaChannel, *, wait_for_ready: bool | None = None
) -> tuple[grpc.StatusCode, str]:
    began = time.monotonic()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _method(opened)(b"x", timeout=30, wait_for_ready=wait_for_ready)
    assert time.monotonic() - began < SECONDS + STALL
    return caught.value.code(), caught.value.details() or ""


async def _ill(health: Callable[[], Health], said: str) -> None:
    async with asyncio.timeout(SECONDS + STALL):
        while said not in health().detail:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)
    assert not health().ok


async def test_calls_and_streams_go_through_with_the_rights_that_the_documentation_lists(
    vault: Vault,
) -> None:
    vault.allow_client()
    vault.allow_server()
    made = await _serve(vault.server())
    async with channel(vault.client()) as opened:
        assert await _method(opened)(b"x", timeout=30) == b"x"
        chat: Chat = opened.stream_stream(f"/{SERVICE}/Chat")
        call = chat(iter([b"a", b"b"]), timeout=30)
        assert [message async for message in call] == [b"a", b"b"]
        assert opened.healthy().ok
    assert made.healthy().ok
    await made.stop(None)


async def test_a_wrong_password_is_said_by_calls_and_by_health(vault: Vault) -> None:
    made = await _serve(vault.server(vault.security("server", password="wrong")))
    async with channel(vault.client(vault.security("client", password="wrong"))) as opened:
        code, details = await _fails(opened, wait_for_ready=False)
        assert code is grpc.StatusCode.UNAVAILABLE
        assert "authentication failed" in details
        assert "invalid credentials" in details
        assert "wrong" not in details
        await _ill(opened.healthy, "authentication failed")
        await _ill(made.healthy, "authentication failed")
    await made.stop(None)


async def test_brokers_that_are_not_trusted_are_told_no_password(
    vault: Vault, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger")
    made = await _serve(vault.server(vault.security("server", authority=stranger)))
    async with channel(vault.client(vault.security("client", authority=stranger))) as opened:
        code, details = await _fails(opened, wait_for_ready=False)
        assert code is grpc.StatusCode.UNAVAILABLE
        assert "certificate verify failed" in details
        await _ill(opened.healthy, "certificate verify failed")
        await _ill(made.healthy, "certificate verify failed")
    await made.stop(None)


async def test_who_shows_a_certificate_needs_no_password(vault: Vault) -> None:
    name = f"{vault.lane}-robot"
    certificate = vault.broker.authority.sign(name, key_password="locked")
    vault.allow_client("robot")
    vault.allow_server()
    made = await _serve(vault.server())
    security = Security(
        "SSL",
        ca_file=vault.broker.authority.certificate,
        certificate_file=certificate.certificate,
        key_file=certificate.key,
        key_password="locked",
    )
    endpoint = Endpoint(vault.broker.ssl, vault.lane, "client", security.settings())
    async with channel(endpoint) as opened:
        assert await _method(opened)(b"x", timeout=30) == b"x"
    await made.stop(None)


async def test_who_may_not_write_to_a_queue_is_denied_at_once(vault: Vault) -> None:
    vault.allow("client", Grant("topic", f"{vault.lane}.client.inbox", "READ"))
    vault.allow("client", Grant("topic", f"{vault.lane}.server.inbox", "WRITE"))
    async with channel(vault.client()) as opened:
        code, details = await _fails(opened)
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert "Topic authorization failed" in details


async def test_who_may_write_nothing_at_all_is_denied_and_is_not_well_until_granted(
    vault: Vault,
) -> None:
    vault.allow("client", Grant("topic", f"{vault.lane}.client.inbox", "READ"))
    vault.allow("client", Grant("topic", vault.queue, "DESCRIBE"))
    vault.allow_server()
    made = await _serve(vault.server())
    async with channel(vault.client()) as opened:
        code, details = await _fails(opened)
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert "Cluster authorization failed" in details
        await _ill(opened.healthy, "nothing can be sent")
        vault.allow("client", Grant("topic", vault.queue, "WRITE"))
        async with asyncio.timeout(30):
            while not opened.healthy().ok:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.1)
        assert await _method(opened)(b"x", timeout=30) == b"x"
    await made.stop(None)


async def test_a_server_that_may_not_read_its_queue_says_so(vault: Vault) -> None:
    vault.allow("server", Grant("topic", vault.queue, "READ"))
    # Who may write nowhere says that first.
    vault.allow("server", Grant("topic", f"{vault.lane}.client.inbox", "WRITE"))
    made = await _serve(vault.server())
    await _ill(made.healthy, "Group authorization failed")
    vault.allow_server()
    async with asyncio.timeout(30):
        while not made.healthy().ok:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.1)
    await made.stop(None)


async def test_a_client_that_may_not_read_its_inbox_says_so(vault: Vault) -> None:
    vault.allow("client", Grant("topic", vault.queue, "WRITE"))
    async with channel(vault.client()) as opened:
        code, details = await _fails(opened, wait_for_ready=False)
        assert code is grpc.StatusCode.UNAVAILABLE
        assert "do not allow it" in details


async def test_a_foreign_process_cannot_read_an_inbox(vault: Vault) -> None:
    vault.allow_client()
    vault.allow_server()
    made = await _serve(vault.server())
    vault.broker.user(f"{vault.lane}-foreign", "secret of foreign")
    vault.allow("foreign", Grant("topic", vault.queue, "WRITE"))
    vault.allow("foreign", Grant("topic", topics.of_inbox(vault.lane, "client"), "DESCRIBE"))
    async with channel(vault.client()) as opened:
        assert await _method(opened)(b"x", timeout=30) == b"x"
    await made.stop(None)
    heard, errors = await asyncio.to_thread(_eavesdrop, vault)
    assert heard == []
    assert "TOPIC_AUTHORIZATION_FAILED" in errors


def test_topics_are_made_with_the_rights_that_the_documentation_lists(
    vault: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lane = f"{vault.lane}-new"
    options, definitions = tmp_path / "admin.properties", tmp_path / "services.toml"
    vault.broker.user(f"{vault.lane}-topics", "secret of topics")
    settings = vault.security("topics").settings()
    options.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    definitions.write_text('[topics.queue]\npartitions = 1\n[applications.a]\nserves = ["b.C"]')
    command = [str(definitions), "--bootstrap", vault.broker.sasl_ssl, "--lane", lane]
    command += ["--options-file", str(options)]
    assert main(["create", *command]) == 1
    assert "the brokers do not allow it" in capsys.readouterr().err
    for operation in ("CREATE", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER", "ALTER_CONFIGS"):
        vault.allow("topics", Grant("topic", f"{lane}.*", operation))
    assert main(["create", *command]) == 0
    definitions.write_text(
        '[topics.queue]\npartitions = 2\nretention = "1h"\n[applications.a]\nserves = ["b.C"]'
    )
    assert main(["create", "--apply", *command]) == 0
    assert "secret" not in "".join(capsys.readouterr())
    options.write_text(options.read_text().replace("secret of topics", "wrong"))
    began = time.monotonic()
    assert main(["plan", *command, "--timeout", "5"]) == 1
    assert "authentication failed" in capsys.readouterr().err
    assert time.monotonic() - began < SECONDS + 5 + STALL


def _eavesdrop(vault: Vault) -> tuple[list[bytes | None], set[str]]:
    """What a process of another application gets of the client's inbox."""
    settings = vault.client(vault.security("foreign")).kafka
    consumer = Consumer(
        {"bootstrap.servers": vault.broker.sasl_ssl, "group.id": "foreign", **settings}
    )
    inbox = topics.of_inbox(vault.lane, "client")
    consumer.assign([TopicPartition(inbox, partition, 0) for partition in range(4)])
    heard, errors = [], set()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and "TOPIC_AUTHORIZATION_FAILED" not in errors:
        message = consumer.poll(0.2)
        if message is not None:
            error = message.error()
            if error is None:
                heard.append(message.value())
            else:
                errors.add(error.name())
    consumer.close()
    return heard, errors
