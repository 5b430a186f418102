"""Brokers for the transport's suites, and a lane of its own for every test."""

import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import grpc
import pytest

from grpc_kafka import Endpoint, topics
from grpc_kafka.aio import KafkaChannel, KafkaServer, channel, server
from tests.support import embedded_kafka, kafka
from tests.support.kafka import Kafka

SERVICE = "tests.Echo"
APPLICATION = "tests"

type Behaviour = Callable[[bytes, grpc.aio.ServicerContext[bytes, bytes]], object]
type Handler = "grpc.RpcMethodHandler[bytes, bytes]"
type Method = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A broker and what a client of it must know."""

    bootstrap_servers: str
    settings: Mapping[str, str]
    creates_topics: bool
    kafka: Kafka | None = None
    replication: int = 1


@dataclass(slots=True)
class Lane:
    """A lane on a real broker; what it starts is stopped at the end of the test."""

    cluster: Cluster
    endpoint: Endpoint
    closing: list[Callable[[], Coroutine[object, object, None]]] = field(default_factory=list)

    @property
    def queue(self) -> str:
        """The topic of the service."""
        return topics.of_queue(self.endpoint.lane, SERVICE)

    @property
    def letters(self) -> str:
        """The topic of the service's dead letters."""
        return topics.of_dead_letter(self.endpoint.lane, SERVICE)

    @property
    def inbox(self) -> str:
        """The topic of the application's inboxes."""
        return topics.of_inbox(self.endpoint.lane, APPLICATION)

    async def serve(
        self,
        behaviour: Behaviour,
        *,
        maximum_concurrent_rpcs: int | None = None,
        interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    ) -> KafkaServer:
        """Start a server of one unary method."""
        handler = grpc.unary_unary_rpc_method_handler(behaviour)  # type: ignore[var-annotated]
        return await self.serve_with(
            handler, maximum_concurrent_rpcs=maximum_concurrent_rpcs, interceptors=interceptors
        )

    async def serve_with(
        self,
        handler: Handler,
        *,
        maximum_concurrent_rpcs: int | None = None,
        interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    ) -> KafkaServer:
        """Start a server whose method has this handler."""
        made = server(
            self.endpoint,
            maximum_concurrent_rpcs=maximum_concurrent_rpcs,
            interceptors=interceptors,
        )
        made.add_registered_method_handlers(SERVICE, {"Call": handler})
        await made.start()
        self.closing.append(lambda: made.stop(None))
        return made

    def channel(self) -> KafkaChannel:
        """Open a channel."""
        made = channel(self.endpoint)
        self.closing.append(made.close)
        return made

    def method(self, on: KafkaChannel | None = None) -> Method:
        """The method, of bytes."""
        return (on or self.channel()).unary_unary(f"/{SERVICE}/Call")

    async def close(self) -> None:
        """Stop everything, the last first."""
        for close in reversed(self.closing):
            await close()


@pytest.fixture(scope="session")
def embedded() -> Iterator[Cluster]:
    """The embedded broker."""
    with embedded_kafka.running() as address:
        yield Cluster(address, embedded_kafka.SETTINGS, creates_topics=True)


@pytest.fixture(scope="session")
def apache() -> Iterator[Cluster]:
    """Apache Kafka, with the settings that Tandem wants."""
    with kafka.running() as broker:
        yield Cluster(broker.bootstrap_servers, {}, creates_topics=False, kafka=broker)


@pytest.fixture(params=["embedded", "apache"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each kind of broker in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Cluster)
    return found


@pytest.fixture
async def lane(cluster: Cluster) -> AsyncIterator[Lane]:
    """A lane on each kind of broker in turn."""
    made = lane_on(cluster)
    yield made
    await made.close()


@pytest.fixture
async def apache_lane(apache: Cluster) -> AsyncIterator[Lane]:
    """A lane on Apache Kafka."""
    made = lane_on(apache)
    yield made
    await made.close()


def lane_on(cluster: Cluster, *services: str, letters: bool = True) -> Lane:
    """A fresh lane, with the topics of the services (the suite's own by default)."""
    endpoint = Endpoint(
        cluster.bootstrap_servers, f"t{uuid.uuid4().hex[:8]}", APPLICATION, cluster.settings
    )
    served = services or (SERVICE,)
    names = [topics.of_queue(endpoint.lane, service) for service in served]
    if letters:
        names += [topics.of_dead_letter(endpoint.lane, service) for service in served]
    names.append(topics.of_inbox(endpoint.lane, APPLICATION))
    if not cluster.creates_topics:
        wanted = [topics.Topic(name, replication=cluster.replication) for name in names]
        topics.create(cluster.bootstrap_servers, wanted)
    return Lane(cluster, endpoint)
