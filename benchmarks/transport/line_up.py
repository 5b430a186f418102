"""The transports that are measured, and what each needs: its server, its address, its Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.servers import nats, programs, rabbitmq
from benchmarks.transport import awaited_kafka, direct, over_kafka, raw_kafka
from benchmarks.transport.echo import SERVICE
from benchmarks.transport.processes import Interpreter, Process
from grpc_kafka import topics

DIRECT = "grpc.aio direct"
OURS = "gRPC over Kafka"
RAW = "raw confluent-kafka"
AWAITED = "raw confluent-kafka, awaited"
AIOKAFKA = "aiokafka, may lose calls"
AIOKAFKA_KEPT = "aiokafka, loses none"
FASTSTREAM = "FastStream"
NAMEKO = "Nameko, RabbitMQ"
NATS = "nats-py, NATS"

KAFKA_PEERS = (AIOKAFKA_KEPT, AIOKAFKA, FASTSTREAM)
"""Request and reply over Kafka by others."""

ORDER = (RAW, AWAITED, OURS, DIRECT, AIOKAFKA_KEPT, AIOKAFKA, FASTSTREAM, NAMEKO, NATS)
"""All, as tables list them."""

_ASK_TIMEOUT = 120.0
_TELL = "import os, sys; print(sys.executable); print(os.pathsep.join(filter(None, sys.path)))"


@dataclass(frozen=True, slots=True)
class Transport:
    """Something that carries calls.

    Attributes:
        name: what tables call it.
        module: what its processes run.
        address: the arguments of both, after the first.
        broker: the process between them, if there is one.
        interpreter: what runs it.
        folder: where its processes write their errors.

    """

    name: str
    module: str
    address: tuple[str, ...]
    broker: int | None
    interpreter: Interpreter
    folder: Path

    def serve(self, *more: str) -> Process:
        """Start a server, with further arguments."""
        arguments = ("serve", *self.address, *more)
        return Process(self.interpreter, self.module, arguments, self.folder)

    def call(self) -> Process:
        """Start a client."""
        return Process(self.interpreter, self.module, ("call", *self.address), self.folder)


@dataclass(frozen=True, slots=True)
class Kafka:
    """A broker of Kafka.

    Attributes:
        bootstrap: its address.
        broker: its process, where that is known.
        settings: what clients of gRPC over Kafka set for it.
        creates_topics: whether they appear by themselves.

    """

    bootstrap: str
    broker: int | None
    settings: dict[str, str] = field(default_factory=dict)
    creates_topics: bool = False


@dataclass(slots=True)
class LineUp:
    """What can be measured on this machine.

    Attributes:
        folder: for what is written meanwhile.
        kafka: the broker; None when there is no Apache Kafka.
        peers: a Python that has the peers' packages; None when there is none.
        missing: what is left out and why, a sentence each.
        failed: what did not do as it should, and its last errors.

    """

    folder: Path
    kafka: Kafka | None
    peers: Interpreter | None
    missing: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def fresh(self, name: str, stack: ExitStack) -> Transport | None:
        """A transport with topics of its own; its server ends with the stack.

        Returns:
            None when something is missing, of which a note is made.

        """
        try:
            return self._makers()[name](stack)
        except programs.MissingError as error:
            self.missing.append(f"{name}: {error}")
            return None

    def _makers(self) -> dict[str, Callable[[ExitStack], Transport]]:
        return {
            RAW: lambda _: self._on_kafka(RAW, raw_kafka.__name__, Interpreter(), ()),
            AWAITED: lambda _: self._on_kafka(AWAITED, awaited_kafka.__name__, Interpreter(), ()),
            OURS: lambda _: self._ours(),
            DIRECT: lambda _: self._direct(),
            AIOKAFKA_KEPT: lambda _: self._peer_on_kafka(AIOKAFKA_KEPT, "aiokafka", "kept"),
            AIOKAFKA: lambda _: self._peer_on_kafka(AIOKAFKA, "aiokafka", "bare"),
            FASTSTREAM: lambda _: self._peer_on_kafka(FASTSTREAM, "faststream"),
            NAMEKO: self._nameko,
            NATS: self._nats,
        }

    def _direct(self) -> Transport:
        port = str(programs.free_port())
        return Transport(DIRECT, direct.__name__, (port,), None, Interpreter(), self.folder)

    def _ours(self) -> Transport:
        kafka = self._broker()
        lane = f"b{uuid.uuid4().hex[:8]}"
        inbox = topics.of_inbox(lane, over_kafka.APPLICATION)
        self._create(topics.Topic(topics.of_queue(lane, SERVICE)), topics.Topic(inbox))
        address = (kafka.bootstrap, lane, json.dumps(kafka.settings))
        module = over_kafka.__name__
        return Transport(OURS, module, address, kafka.broker, Interpreter(), self.folder)

    def _peer_on_kafka(self, name: str, package: str, *more: str) -> Transport:
        return self._on_kafka(name, _peer(package), self._python(), more)

    def _on_kafka(
        self, name: str, module: str, interpreter: Interpreter, more: tuple[str, ...]
    ) -> Transport:
        kafka = self._broker()
        requests, replies = (f"b{uuid.uuid4().hex[:8]}.{each}" for each in ("requests", "replies"))
        self._create(topics.Topic(requests), topics.Topic(replies, partitions=1))
        address = (kafka.bootstrap, requests, replies, *more)
        return Transport(name, module, address, kafka.broker, interpreter, self.folder)

    def _nameko(self, stack: ExitStack) -> Transport:
        python = self._python()
        url, pid = stack.enter_context(rabbitmq.running(self.folder))
        return Transport(NAMEKO, _peer("nameko"), (url,), pid, python, self.folder)

    def _nats(self, stack: ExitStack) -> Transport:
        python = self._python()
        url, pid = stack.enter_context(nats.running(self.folder))
        return Transport(NATS, _peer("nats"), (url,), pid, python, self.folder)

    def _broker(self) -> Kafka:
        if self.kafka is None:
            raise programs.MissingError("there is no Apache Kafka, see docs/performance.md")
        return self.kafka

    def _python(self) -> Interpreter:
        if self.peers is None:
            raise programs.MissingError("no Python with the peers' packages was named by --peers")
        return self.peers

    def _create(self, *wanted: topics.Topic) -> None:
        kafka = self._broker()
        if not kafka.creates_topics:
            topics.create(kafka.bootstrap, wanted)


def _peer(name: str) -> str:
    return f"benchmarks.peers.{name}_rpc"


def interpreter_of(program: str) -> Interpreter:
    """The Python that a program is, or that a PEX (`.pex`) makes when it is started.

    Its environment is that Python's own: what is imported here is another's.
    """
    command = [sys.executable, program] if program.endswith(".pex") else [program]
    done = subprocess.run(  # noqa: S603 - named by who measures
        [*command, "-c", _TELL],
        env=os.environ | {"PEX_INTERPRETER": "1"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=_ASK_TIMEOUT,
        check=True,
    )
    python, path = done.stdout.splitlines()
    return Interpreter(python, {"PYTHONPATH": path})
