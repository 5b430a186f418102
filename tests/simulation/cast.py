"""Who is there: servers and clients, the processes that they are one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grpc_kafka import Endpoint
from grpc_kafka.aio import channel, server
from grpc_kafka.aio._server import KafkaServer
from tests.simulation.chance import Chance
from tests.simulation.client import Client
from tests.simulation.journal import Journal
from tests.simulation.oracle import Oracle
from tests.simulation.port import Brokers, Port
from tests.simulation.process import Process
from tests.simulation.service import Service, Store
from tests.simulation.watch import LANE, Watch
from tests.simulation.workload import SERVICE, Spec

_SKEW = 2.0
_LONGEST_REST = 1.5


@dataclass(slots=True, eq=False)
class ServerSlot:
    """A place where a server runs, one process after the other."""

    number: int
    lives: int = 0
    process: Process | None = None
    port: Port | None = None
    server: KafkaServer | None = None


@dataclass(slots=True, eq=False)
class ClientSlot:
    """A place where a client runs, and the calls that it has not made yet."""

    number: int
    specs: list[Spec]
    made: int = 0
    lives: int = 0
    process: Process | None = None
    client: Client | None = None


class Cast:
    """Starts processes, and others in their places when they die.

    Args:
        limit: handlers that a server runs at once.
        specs: the calls of each client.

    Attributes:
        processes: all that ever were.

    """

    def __init__(
        self,
        chance: Chance,
        brokers: Brokers,
        journal: Journal,
        watch: Watch,
        oracle: Oracle,
        store: Store,
        *,
        limit: int,
        servers: int,
        specs: Sequence[list[Spec]],
    ) -> None:
        self.servers = [ServerSlot(each) for each in range(servers)]
        self.clients = [ClientSlot(each, calls) for each, calls in enumerate(specs)]
        self.processes: list[Process] = []
        self._chance = chance
        self._brokers = brokers
        self._timeline = brokers.timeline
        self._journal = journal
        self._watch = watch
        self._oracle = oracle
        self._store = store
        self._limit = limit

    def start(self) -> None:
        """Start everybody."""
        for server_slot in self.servers:
            self.start_server(server_slot)
        for client_slot in self.clients:
            self._start_client(client_slot)

    @property
    def complete(self) -> bool:
        """Whether everybody is there, and all calls were begun."""
        return all(slot.server is not None for slot in self.servers) and all(
            slot.client is not None and slot.made == len(slot.specs) for slot in self.clients
        )

    def anyone(self) -> Process | None:
        """One of them, if it is there."""
        slots: list[ServerSlot | ClientSlot] = [*self.servers, *self.clients]
        process = self._chance.faults.choice(slots).process
        return process if process is not None and process.alive else None

    def _process(self, name: str, died: Callable[[], None]) -> Process:
        process = Process(
            name,
            self._timeline,
            self._chance.network,
            skew=self._chance.faults.uniform(-_SKEW, _SKEW),
            failed=lambda who, said: self._watch.violations.add(f"{who}: {said}"),
        )
        process.died.append(lambda: self._watch.died(process))
        process.died.append(died)
        self.processes.append(process)
        self._journal.note(name, f"starts, its clock is {process.skew:+.3f} s off")
        return process

    def start_server(self, slot: ServerSlot) -> None:
        """Start a server in a place; one that is there goes on."""
        slot.lives += 1
        process = self._process(
            f"server{slot.number}.{slot.lives}", lambda: self._server_died(slot, process)
        )
        port = Port(self._brokers, process)
        slot.process, slot.port, slot.server = process, port, None
        endpoint = Endpoint("simulated", LANE, "store")

        async def main() -> None:
            made = server(endpoint, maximum_concurrent_rpcs=self._limit, broker=port)
            service = Service(process, port, self._oracle, self._store)
            made.add_registered_method_handlers(SERVICE, service.handlers())
            await made.start()
            if slot.process is process:
                slot.server = made

        process.start(main)

    def _server_died(self, slot: ServerSlot, process: Process) -> None:
        self._watch.kills += 1
        self._journal.note(process.name, "is killed")
        if slot.process is process:
            slot.process = slot.port = slot.server = None
            delay = self._chance.faults.uniform(0.1, _LONGEST_REST)
            self._timeline.after(delay, lambda: self.start_server(slot))

    def _start_client(self, slot: ClientSlot) -> None:
        slot.lives += 1
        process = self._process(
            f"client{slot.number}.{slot.lives}", lambda: self._client_died(slot, process)
        )
        endpoint = Endpoint("simulated", LANE, "shop")
        slot.process = process

        async def main() -> None:
            made = channel(endpoint, broker=Port(self._brokers, process))
            slot.client = client = Client(process, made, self._oracle)

            def make_next() -> None:
                spec = slot.specs[slot.made]
                slot.made += 1
                _ = process.loop.create_task(client.make(spec))
                wait()

            def wait() -> None:
                if slot.made < len(slot.specs):
                    process.loop.call_at(slot.specs[slot.made].at, make_next)

            wait()

        process.start(main)

    def _client_died(self, slot: ClientSlot, process: Process) -> None:
        self._journal.note(process.name, "is killed")
        for token in [each.token for each in self._oracle.open.values() if each.process is process]:
            del self._oracle.open[token]
        slot.client = None
        delay = self._chance.faults.uniform(0.1, _LONGEST_REST)
        self._timeline.after(delay, lambda: self._start_client(slot))
