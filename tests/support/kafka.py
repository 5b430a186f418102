"""A real Apache Kafka of its own for a suite: one broker or several, on free loopback ports, fresh.

    with kafka.running() as broker:
        Endpoint(broker.bootstrap_servers, lane="blue", application="tests")

    with kafka.running_cluster() as cluster:
        cluster.node(2).kill()

It runs from a directory of jars, that `TANDEM_TEST_KAFKA_LIBS` names and `kafka-pom.xml` beside
this file fills, with the settings that Tandem wants of every broker.
"""

import base64
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.support import requirements
from tests.support.ports import free_ports

LIBS = "TANDEM_TEST_KAFKA_LIBS"

START_TIMEOUT = 60.0
"""Seconds that the broker has until it answers."""

STOP_TIMEOUT = 20.0
"""Seconds that the broker has to end."""

_FORMAT_TIMEOUT = 60.0
_INFRA = Path(__file__).parents[2] / "infra" / "kafka"
_WANTED = _INFRA / "broker.properties"
_WANTED_OF_CLUSTERS = _INFRA / "cluster.properties"


class KafkaStartError(Exception):
    """Apache Kafka could not be started.

    Attributes:
        log: what it wrote before it failed.
    """

    def __init__(self, message: str, log: str) -> None:
        super().__init__(f"{message}\n{log}")
        self.log = log


@dataclass(slots=True)
class Kafka:
    """A broker in a directory.

    Attributes:
        bootstrap_servers: its address, `host:port`.
        log: what it writes.
    """

    bootstrap_servers: str
    log: Path
    _command: list[str]
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process, which must have been started."""
        assert self._process is not None  # for those who forget to start it
        return self._process.pid

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop its process as it stands, so that it answers nobody, until the end."""
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def freeze(self) -> None:
        """Stop its process as it stands, until `thaw`."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def start(self) -> None:
        """Start it on the data that it has, and wait until it answers.

        Raises:
            KafkaStartError: it ended, or did not answer in time.
        """
        self.launch()
        self.await_answer()

    def launch(self) -> None:
        """Start it on the data that it has."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the jars are the suite's own
                self._command, stdout=log, stderr=log
            )

    def await_answer(self, brokers: int = 1) -> None:
        """Wait until it answers, and knows that so many brokers are there.

        Raises:
            KafkaStartError: it ended, or did not answer so in time.
        """
        assert self._process is not None  # for those who forget to launch it
        _await_answer(self.bootstrap_servers, self._process, self.log, brokers)

    def kill(self) -> None:
        """End it as a crash would; its data stay, and it can be started again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT)

    def stop(self) -> None:
        """End it in order; nothing happens when it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """Three brokers, each of them a controller as well; their ids count from 1."""

    nodes: Sequence[Kafka]

    @property
    def bootstrap_servers(self) -> str:
        """Their addresses, separated by commas."""
        return ",".join(node.bootstrap_servers for node in self.nodes)

    def node(self, identity: int) -> Kafka:
        """The broker of this id."""
        return self.nodes[identity - 1]


def libs() -> Path:
    """The directory of Apache Kafka's jars; skips the test where there is none."""
    named = os.environ.get(LIBS)
    if not named:
        requirements.missing(f"{LIBS} does not name a directory with Apache Kafka's jars")
    if shutil.which("java") is None:
        requirements.missing("Apache Kafka needs Java, and there is no java on PATH")
    return Path(named)


@contextmanager
def running(
    settings: Mapping[str, str] | None = None, listeners: Mapping[str, str] | None = None
) -> Iterator[Kafka]:
    """Start a broker with no data; stop it and remove its data at the end.

    Args:
        settings: further settings of the broker, over those that Tandem wants.
        listeners: further listeners by their security protocol, such as `SASL_SSL`, each with
            `host:port`; what they need beside is among the settings.

    Raises:
        KafkaStartError: it ended, or did not answer in time.
    """
    jars = libs()
    with tempfile.TemporaryDirectory(prefix="tandem-kafka-") as folder:
        [broker] = _prepared(jars, Path(folder), 1, settings or {}, listeners or {}, heap="384m")
        try:
            broker.start()
            yield broker
        finally:
            broker.stop()


@contextmanager
def running_cluster() -> Iterator[KafkaCluster]:
    """Start three brokers with no data; end them and remove their data at the end.

    Raises:
        KafkaStartError: one ended, or did not answer in time.
    """
    jars = libs()
    with tempfile.TemporaryDirectory(prefix="tandem-kafka-") as folder:
        made = _prepared(jars, Path(folder), 3, _read(_WANTED_OF_CLUSTERS), {}, heap="256m")
        try:
            # None of them answers before most of them run.
            for node in made:
                node.launch()
            for node in made:
                node.await_answer(brokers=len(made))
            yield KafkaCluster(made)
        finally:
            for node in made:
                node.kill()


def _prepared(
    jars: Path,
    folder: Path,
    size: int,
    settings: Mapping[str, str],
    listeners: Mapping[str, str],
    *,
    heap: str,
) -> list[Kafka]:
    """Brokers that are ready to be started."""
    ports = free_ports(2 * size)
    identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    made = []
    for number in range(size):
        home = folder / str(number + 1)
        home.mkdir()
        wanted = _settings(home, number, ports[:size], ports[size:], listeners) | dict(settings)
        properties = home / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in wanted.items()))
        _format(jars, properties, identity)
        command = _java(jars, heap, "kafka.Kafka", str(properties))
        made.append(Kafka(f"127.0.0.1:{ports[number]}", home / "broker.log", command))
    return made


def _settings(
    home: Path,
    number: int,
    ports: Sequence[int],
    controllers: Sequence[int],
    further: Mapping[str, str],
) -> dict[str, str]:
    advertised = {"PLAINTEXT": f"127.0.0.1:{ports[number]}", **further}
    listeners = advertised | {"CONTROLLER": f"127.0.0.1:{controllers[number]}"}
    protocols = {name: name for name in advertised} | {"CONTROLLER": "PLAINTEXT"}
    voters = [f"{node}@127.0.0.1:{each}" for node, each in enumerate(controllers, 1)]
    return _read(_WANTED) | {
        "process.roles": "broker,controller",
        "node.id": str(number + 1),
        "controller.quorum.voters": ",".join(voters),
        "controller.listener.names": "CONTROLLER",
        "listeners": _joined(listeners, "://"),
        "advertised.listeners": _joined(advertised, "://"),
        "listener.security.protocol.map": _joined(protocols, ":"),
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(home / "logs"),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.replication.factor": "1",
    }


def _joined(pairs: Mapping[str, str], between: str) -> str:
    return ",".join(f"{name}{between}{value}" for name, value in pairs.items())


def _read(properties: Path) -> dict[str, str]:
    lines = [line.strip() for line in properties.read_text().splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _java(jars: Path, heap: str, *arguments: str) -> list[str]:
    java = shutil.which("java") or "java"
    return [java, f"-Xmx{heap}", "-cp", f"{jars}/*", *arguments]


def _format(jars: Path, properties: Path, identity: str) -> None:
    # One argument: an identity may begin with "-".
    named = f"--cluster-id={identity}"
    command = _java(jars, "128m", "kafka.tools.StorageTool", "format", named, "-c", str(properties))
    done = subprocess.run(  # noqa: S603 - the jars are the suite's own
        command, capture_output=True, text=True, timeout=_FORMAT_TIMEOUT, check=False
    )
    if done.returncode:
        raise KafkaStartError("Apache Kafka's storage was not formatted", done.stdout + done.stderr)


def _await_answer(address: str, process: subprocess.Popen[bytes], log: Path, brokers: int) -> None:
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise KafkaStartError(f"Apache Kafka ended with {process.returncode}", log.read_text())
        with suppress(KafkaException):
            # It answers a little before it is among those that get replicas.
            if len(admin.list_topics(timeout=1).brokers) >= brokers:
                return
    raise KafkaStartError(f"Apache Kafka did not answer in {START_TIMEOUT:.0f} s", log.read_text())
