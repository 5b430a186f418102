"""Users and rights as one file has them, on Apache Kafka: what was granted works, nothing else."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import grpc
import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from grpc_kafka import Endpoint, Security, topics
from grpc_kafka.access._command import main
from grpc_kafka.aio import KafkaServer, channel, server
from grpc_kafka.dead_letters._command import main as dead_letters
from tests.support import secured_kafka
from tests.support.secured_kafka import Grant, SecuredKafka

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

type Context = grpc.aio.ServicerContext[bytes, bytes]
type Requests = AsyncIterator[bytes]

SERVICE = "tests.Vault"
OTHER = "tests.Other"
_ADMIN = "secret of admin"
_SECONDS = 20.0


async def _echo(request: bytes, _context: Context) -> bytes:
    return request


async def _chat(requests: Requests, _context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


@dataclass(frozen=True, slots=True)
class House:
    """A file with a server and a client of names of their own, and the command on it."""

    broker: SecuredKafka
    home: Path
    lane: str
    capsys: pytest.CaptureFixture[str]

    @property
    def client(self) -> str:
        return f"client-{self.lane}"

    @property
    def server(self) -> str:
        return f"server-{self.lane}"

    @property
    def topics(self) -> list[str]:
        """All of both lanes, and of a service that the client does not call."""
        return [
            name
            for lane in (self.lane, f"{self.lane}-other")
            for name in (
                *(topics.of_queue(lane, each) for each in (SERVICE, OTHER)),
                *(topics.of_dead_letter(lane, each) for each in (SERVICE, OTHER)),
                *(topics.of_inbox(lane, each) for each in (self.client, self.server)),
            )
        ]

    def prepare(self) -> None:
        self.home.joinpath("services.toml").write_text(
            f'[applications.{self.server}]\nserves = ["{SERVICE}"]\n'
            f'[applications.{self.client}]\ncalls = ["{SERVICE}"]\n'
            f'[applications.other-{self.lane}]\nserves = ["{OTHER}"]\n'
        )
        for name in (self.client, self.server, f"other-{self.lane}"):
            self.password(name, f"secret of {name}")
        self.home.joinpath("kafka_admin_password").write_text(f"{_ADMIN}\n")
        made = [topics.Topic(name, partitions=1) for name in self.topics]
        topics.create(self.broker.plain.bootstrap_servers, made)

    def password(self, user: str, password: str) -> None:
        self.home.joinpath(f"kafka_{user}_password").write_text(f"{password}\n")

    def run(self, action: str, *more: str) -> tuple[int, list[str]]:
        """The exit code, and the lines that were said."""
        given = ["--bootstrap", self.broker.sasl_ssl, "--username", "admin", "--lane", self.lane]
        given += ["--password-file", str(self.home / "kafka_admin_password")]
        given += ["--option", f"ssl.ca.location={self.broker.authority.certificate}"]
        given += ["--passwords", str(self.home), *more]
        code = main([action, str(self.home / "services.toml"), *given])
        said = "".join(self.capsys.readouterr())
        assert "secret" not in said
        return code, said.splitlines()

    def settled(self, action: str) -> tuple[int, list[str]]:
        """The same, once the brokers' parts have told each other what was granted."""
        end = time.monotonic() + _SECONDS
        while True:
            code, said = self.run(action)
            if code == 0 or time.monotonic() > end:
                return code, said

    def endpoint(self, user: str) -> Endpoint:
        security = Security(
            "SASL_SSL",
            username=user,
            password=f"secret of {user}",
            ca_file=self.broker.authority.certificate,
        )
        return Endpoint(self.broker.sasl_ssl, self.lane, user, security.settings())

    def writes(self, user: str) -> set[str]:
        """The topics that take a record of a user."""
        taken = set()
        producer = Producer(self._client_of(user) | {"message.timeout.ms": 10_000})

        def delivered(error: KafkaError | None, message: object) -> None:
            if error is None:
                taken.add(message.topic())  # type: ignore[attr-defined]
            else:
                assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED

        for topic in self.topics:
            producer.produce(topic, b"x", on_delivery=delivered)
        assert producer.flush(_SECONDS) == 0
        return taken

    def reads(self, user: str) -> set[str]:
        """The topics that a user may read."""
        return {topic for topic in self.topics if self._may_read(user, topic)}

    def _may_read(self, user: str, topic: str) -> bool:
        own = {"group.id": "any", "enable.partition.eof": True, "enable.auto.commit": False}
        with closing(Consumer(self._client_of(user) | own)) as consumer:
            # Of a topic that it may not even know a consumer hears nothing at all.
            if consumer.list_topics(topic, timeout=_SECONDS).topics[topic].error is not None:
                return False
            consumer.assign([TopicPartition(topic, 0, 0)])
            for message in iter(partial(consumer.poll, _SECONDS), None):
                error = message.error()
                if error is None or error.code() == KafkaError._PARTITION_EOF:
                    return True
                # The group is a formality of the client, and none is joined.
                if error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:
                    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
                    return False
        pytest.fail(f"{topic} neither gave nor refused anything")

    def _client_of(self, user: str) -> dict[str, str | int | float | bool]:
        return {"bootstrap.servers": self.broker.sasl_ssl, **self.endpoint(user).kafka}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    with secured_kafka.running(tmp_path_factory.mktemp("secured")) as broker:
        broker.user("admin", _ADMIN)
        yield broker


@pytest.fixture
def house(secured: SecuredKafka, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> House:
    made = House(secured, tmp_path, f"t{uuid.uuid4().hex[:8]}", capsys)
    made.prepare()
    return made


async def _serve(house: House) -> KafkaServer:
    made = server(house.endpoint(house.server))
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Call": grpc.unary_unary_rpc_method_handler(_echo),
        "Chat": grpc.stream_stream_rpc_method_handler(_chat),
    }
    made.add_registered_method_handlers(SERVICE, handlers)
    await made.start()
    return made


async def test_what_was_granted_is_what_calls_need_and_no_more(house: House) -> None:
    assert (await asyncio.to_thread(house.run, "grant"))[0] == 0
    assert await asyncio.to_thread(house.settled, "check") == await asyncio.to_thread(
        house.run, "plan"
    )
    queue = topics.of_queue(house.lane, SERVICE)
    made = await _serve(house)
    async with channel(house.endpoint(house.client)) as opened:
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
        method = opened.unary_unary(f"/{SERVICE}/Call")
        assert await method(b"x", timeout=30) == b"x"
        chat: grpc.aio.StreamStreamMultiCallable[bytes, bytes]
        chat = opened.stream_stream(f"/{SERVICE}/Chat")
        call = chat(iter([b"a", b"b"]), timeout=30)
        assert [message async for message in call] == [b"a", b"b"]
        other: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
        other = opened.unary_unary(f"/{OTHER}/Call")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await other(b"x", timeout=30)
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
        # It is no request: the server sets it aside, and that is all.
        stray = Producer({"bootstrap.servers": house.broker.plain.bootstrap_servers})
        stray.produce(queue, b"stray")
        assert await asyncio.to_thread(stray.flush, _SECONDS) == 0
        async with asyncio.timeout(_SECONDS):
            while made.counters.dead_lettered != 1:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.05)
        assert made.counters.unlettered == 0
        assert await method(b"y", timeout=30) == b"y"
    await made.stop(None)
    inbox = {user: topics.of_inbox(house.lane, user) for user in (house.client, house.server)}
    writes = await asyncio.to_thread(house.writes, house.client)
    assert writes == {queue, inbox[house.server]}
    writes = await asyncio.to_thread(house.writes, house.server)
    assert writes == {topics.of_dead_letter(house.lane, SERVICE), inbox[house.client]}
    assert await asyncio.to_thread(house.reads, house.client) == {inbox[house.client]}
    assert await asyncio.to_thread(house.reads, house.server) == {queue, inbox[house.server]}


def test_who_may_not_look_at_dead_letters_hears_that_and_not_that_there_is_no_topic(
    house: House,
) -> None:
    assert house.run("grant")[0] == 0
    assert house.settled("check")[0] == 0
    password = house.home / f"kafka_{house.client}_password"
    given = ["--bootstrap", house.broker.sasl_ssl, "--username", house.client]
    given += ["--password-file", str(password)]
    given += ["--option", f"ssl.ca.location={house.broker.authority.certificate}"]
    code = dead_letters([*given, "list", topics.of_queue(house.lane, SERVICE)])
    said = house.capsys.readouterr().err
    letters = topics.of_dead_letter(house.lane, SERVICE)
    assert (code, said) == (1, f"{letters} was not read: Broker: Topic authorization failed\n")


def test_what_is_missing_is_planned_granted_once_and_then_there(house: House) -> None:
    code, said = house.run("plan")
    assert code == 3
    assert f"+ {house.client}: is missing" in said
    assert f"+ {house.client}: lacks: WRITE topic {house.lane}.{SERVICE}" in said
    assert house.run("check")[1][:-1] == said[:-1]
    code, granted = house.run("grant")
    assert code == 0
    assert granted[:-1] == [f"{line}: granted" for line in said[:-1]]
    for action in ("check", "plan", "grant"):
        code, said = house.settled(action)
        assert (code, len(said)) == (0, 1)


def test_another_password_is_told_and_set_only_when_asked(house: House) -> None:
    assert house.run("grant")[0] == 0
    assert house.settled("check")[0] == 0
    house.password(house.client, "another secret")
    differs = f"~ {house.client}: does not get in with the password of its file"
    for action in ("plan", "check", "grant"):
        code, said = house.run(action)
        assert (code, said[:-1]) == (3, [differs])
    code, said = house.run("grant", "--apply")
    assert (code, said[:-1]) == (0, [f"{differs}: changed"])
    assert house.run("check")[0] == 0


def test_what_is_too_much_is_told_and_taken_away_only_when_asked(house: House) -> None:
    assert house.run("grant")[0] == 0
    assert house.run("grant", "--lane", f"{house.lane}-other")[0] == 0
    assert house.settled("check")[0] == 0
    house.broker.allow(house.client, [Grant("topic", f"{house.lane}.*", "READ")])
    foreign = f"foreign-{house.lane}"
    house.broker.allow(foreign, [Grant("topic", f"{house.lane}.*", "READ")])
    much = f"- {house.client}: is too much: READ topic {house.lane}. (PREFIXED)"
    end = time.monotonic() + _SECONDS
    while house.run("check")[0] == 0:
        assert time.monotonic() < end
    for action in ("plan", "check", "grant"):
        code, said = house.run(action)
        assert (code, said[:-1]) == (3, [much])
    code, said = house.run("grant", "--apply")
    assert (code, said[:-1]) == (0, [f"{much}: taken away"])
    assert house.settled("check")[0] == 0
    assert house.run("check", "--lane", f"{house.lane}-other")[0] == 0


def test_who_may_not_grant_is_told_so(house: House) -> None:
    assert house.run("grant")[0] == 0
    own = house.home / f"kafka_{house.client}_password"
    code, said = house.run("check", "--username", house.client, "--password-file", str(own))
    assert code == 1
    assert "the brokers do not allow it" in said[-1]
    house.password("admin", "wrong")
    began = time.monotonic()
    code, said = house.run("check", "--timeout", "5")
    assert code == 1
    assert "authentication failed" in said[-1]
    assert time.monotonic() - began < 10


def test_a_password_that_cannot_be_read_is_named_by_its_file(house: House) -> None:
    file = house.home / f"kafka_{house.client}_password"
    file.write_text("\n")
    assert house.run("plan") == (2, [f"{file} is empty; it is to have a password"])
    file.unlink()
    assert house.run("plan") == (2, [f"{file} cannot be read: No such file or directory"])
