"""Records that no process of the lane wrote: garbage, and what is meant for others."""

from __future__ import annotations

from random import Random

from grpc_kafka.protocol import (
    Address,
    Letter,
    Request,
    Response,
    Responses,
    encode_request,
    encode_response,
    encode_responses,
    key_of,
)
from tests.simulation.cluster import Cluster
from tests.simulation.oracle import Oracle
from tests.simulation.records import Attempt
from tests.simulation.watch import STRAY, Watch
from tests.simulation.workload import SERVICE, Kind


class Strays:
    """Writes them.

    Args:
        queue: the topic of the service.

    """

    def __init__(
        self, chance: Random, cluster: Cluster, watch: Watch, oracle: Oracle, queue: str
    ) -> None:
        self._chance = chance
        self._cluster = cluster
        self._watch = watch
        self._oracle = oracle
        self._queue = queue

    def write(self) -> None:
        """Write one, of whichever kind."""
        self._chance.choice((self._garbage, self._foreign, self._misdirected, self._misdirected))()

    def _garbage(self) -> None:
        """Something that is no frame, in the queue."""
        key = self._chance.choice((None, b"garbage", self._chance.randbytes(16)))
        log = self._cluster.log(self._queue, self._chance.randbytes(4), None)
        self._cluster.append(log, Letter(key, [], b"garbage"), STRAY)

    def _foreign(self) -> None:
        """A request that wants its answer in another lane."""
        address = Address("green.shop.inbox", 0, "foreign")
        path = f"/{SERVICE}/{Kind.ECHO}"
        request = Request(self._chance.randbytes(16), path, address, None, (), b"")
        log = self._cluster.log(self._queue, request.call_id, None)
        self._cluster.append(log, encode_request(request), STRAY)

    def _misdirected(self) -> None:
        """Answers that are another process's, in the inbox of calls that are under way."""
        for attempt in list(self._oracle.open.values()):
            self._misdirect(attempt)

    def _misdirect(self, attempt: Attempt) -> None:
        facts = attempt.facts
        if facts is not None and not facts.streams:
            topic, partition, instance = Address.parse(facts.reply_to)
            said = b"another's answer"
            alone = encode_response(Response(facts.call_id, "another", (), 0, "", (), said))
            shared = Responses(key_of(instance), "another", ((facts.call_id, said),))
            record = self._chance.choice((alone, encode_responses(shared)))
            self._cluster.append(self._cluster.log(topic, None, partition), record, STRAY)
