"""The marks of a queue's partitions on Kafka: the metadata of their committed positions."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from grpc_kafka._kafka._faults import fault_of, is_lost_partition
from grpc_kafka._kafka._found import Found, find
from grpc_kafka.protocol import Plan, Standing, decide

_LOG = logging.getLogger(__name__)
BUDGET = 2.0
"""Seconds that an assignment waits for what the brokers know of its partitions, in sum."""
# The same for a later attempt, while the partitions are served.
_GLANCE = 0.2
# Seconds between attempts; doubled each time.
_PAUSE = 0.25
_LONGEST_PAUSE = 4.0
# Of writing a mark. A position is asked for until it is known: nothing is served without it.
_ATTEMPTS = 8
# Seconds that a request waits for its mark before it is run without.
_PATIENCE = 5.0


@dataclass(slots=True)
class _Errand:
    """Something to be done at the brokers, again and again for a while."""

    mark: str = ""
    done: Callable[[], object] | None = None
    until: float = math.inf
    due: float = 0.0
    attempts: int = 0
    under_way: bool = False

    def waits(self, now: float) -> bool:
        return not self.under_way and now >= self.due

    def failed(self, now: float) -> None:
        self.under_way = False
        self.due = now + min(_PAUSE * 2**self.attempts, _LONGEST_PAUSE)
        self.attempts += 1

    def is_hopeless(self, now: float) -> bool:
        return self.attempts >= _ATTEMPTS or now >= self.until


class Marks:
    """What this member has written beside the positions of its partitions.

    Brokers that do not answer keep no partition from being served: a mark is sent without waiting,
    and again when it fails. What could not be read or written makes nobody suspicious.
    Used by the consumer's thread only, also in its callbacks.

    Args:
        consumer: the member.
        topic: the queue.
        latest: whether a partition without a position is read from its end on.

    """

    def __init__(self, consumer: Consumer, topic: str, *, latest: bool) -> None:
        self._consumer = consumer
        self._topic = topic
        self._latest = latest
        self._standings: dict[int, Standing] = {}
        self._careful: set[int] = set()
        # Marks that the brokers have not confirmed; partitions of which nothing is known yet.
        self._errands: dict[int, _Errand] = {}
        self._unread: dict[int, _Errand] = {}
        self._lost: dict[int, Standing] = {}
        self._complained = False

    def use(self, consumer: Consumer) -> None:
        """Ask another consumer from now on; no partition is assigned to it yet."""
        self._consumer = consumer

    @property
    def careful(self) -> bool:
        """Whether a mark may have to be written soon."""
        return bool(self._careful)

    def take(self, partitions: Collection[int]) -> dict[int, Plan]:
        """Mark partitions that were just assigned; gives those that a member vanished with.

        Waits at most `BUDGET` seconds. Those of which nothing is heard in that time are `unread`.
        """
        return self._take(partitions, BUDGET, frozenset())

    def take_again(self, partitions: Collection[int], begun: Collection[int]) -> dict[int, Plan]:
        """The same, in a moment, for `unread` ones, of which some have begun to be served.

        Those are not taken with care any more: that is for the next member.
        """
        return self._take(partitions, _GLANCE, begun)

    @property
    def unread(self) -> list[int]:
        """Partitions whose marks are worth another question by now."""
        if not self._unread:
            return []
        now = time.monotonic()
        return [each for each, unread in self._unread.items() if unread.waits(now)]

    def position(self, partition: int) -> int | None:
        """Where a partition is read from, as far as it is known."""
        standing = self._standings.get(partition)
        return None if standing is None else standing.position

    def forget(self, partitions: Collection[int]) -> None:
        """These are another's."""
        for partition in partitions:
            self._standings.pop(partition, None)
            self._unread.pop(partition, None)
            self._careful.discard(partition)
            self._finish(partition)

    def lose(self, partitions: Collection[int]) -> None:
        """These may be another's by now, who takes this member for dead."""
        self._lost.update((p, self._standings[p]) for p in partitions if p in self._standings)
        self.forget(partitions)

    def store(self, partition: int, position: int) -> None:
        """Have a position committed soon."""
        standing = self._standings.get(partition)
        if standing is not None:
            standing.move(position)
        elif self._unread.pop(partition, None) is not None:
            # Whatever was there, this is progress.
            self._begin(partition, Found(position, None, 0), begun=True)
        errand = self._errands.get(partition)
        if errand is not None and errand.done is None:
            # The position takes its mark along.
            self._finish(partition)
        self._store(self._place(partition, position))

    def write(self, partition: int, mark: str, done: Callable[[], object]) -> None:
        """Commit a mark now; calls `done` when the brokers have it, or do not take it in time."""
        standing = self._standings.get(partition)
        if standing is None:
            done()
            return
        standing.write(mark)
        (self._careful.add if standing.careful else self._careful.discard)(partition)
        self._finish(partition)
        self._errands[partition] = _Errand(mark, done, time.monotonic() + _PATIENCE)
        self._store(self._place(partition, standing.position))
        self._send([partition])

    def leave(self, partitions: Collection[int]) -> None:
        """Say that these partitions are left in order."""
        left = [each for each in partitions if each in self._standings]
        places = []
        for partition in left:
            self._standings[partition].leave()
            place = self._place(partition, self._standings[partition].position)
            # Stored too, so that what librdkafka commits by itself afterwards says the same.
            self._store(place)
            places.append(place)
        self._commit(places)
        self.forget(left)

    def committed(self, error: KafkaError | None, places: Iterable[TopicPartition]) -> None:
        """Hear what became of a commit, whoever wanted it."""
        for place in places:
            errand = self._errands.get(place.partition)
            if errand is not None and errand.mark == place.metadata:
                fault = error or place.error
                if fault is None:
                    self._complained = False
                    self._finish(place.partition)
                elif errand.under_way:
                    errand.failed(time.monotonic())
                    self._complain(fault)

    def turn(self) -> None:
        """Send again what failed before."""
        if self._errands:
            now = time.monotonic()
            hopeless = [each for each, errand in self._errands.items() if errand.is_hopeless(now)]
            for partition in hopeless:
                self._finish(partition)
            self._send([each for each, errand in self._errands.items() if errand.waits(now)])

    def _take(
        self, partitions: Collection[int], seconds: float, begun: Collection[int]
    ) -> dict[int, Plan]:
        found, fault = find(
            self._consumer, self._topic, partitions, latest=self._latest, seconds=seconds
        )
        if fault is not None:
            self._complain(fault)
        plans = {each: self._begin(each, found[each], each in begun) for each in found}
        for partition in partitions:
            if partition in found:
                self._unread.pop(partition, None)
            else:
                self._unread.setdefault(partition, _Errand()).failed(time.monotonic())
        self._send(found)
        for partition, plan in plans.items():
            if plan.until:
                self._careful.add(partition)
                where = f"{self._topic}/{partition}"
                _LOG.warning("%s brought servers down; with care up to %d", where, plan.until)
        return {partition: plan for partition, plan in plans.items() if plan.again}

    def _begin(self, partition: int, found: Found, begun: bool) -> Plan:
        mark = found.mark
        lost = self._lost.pop(partition, None)
        if lost is not None and lost.left(found.position, mark):
            # Its own, of before the brokers lost sight of it: nobody vanished.
            mark = lost.leave()
        plan = decide(mark, found.position, found.end)
        if begun:
            plan = plan._replace(until=0, again=0)
        self._standings[partition] = Standing(plan, found.position)
        self._errands[partition] = _Errand(plan.mark)
        return plan

    def _send(self, partitions: Collection[int]) -> None:
        for partition in partitions:
            self._errands[partition].under_way = True
        self._commit([self._place(each, self._standings[each].position) for each in partitions])

    def _commit(self, places: list[TopicPartition]) -> None:
        if places:
            try:
                self._consumer.commit(offsets=places, asynchronous=True)
            except KafkaException as error:
                self.committed(error.args[0], places)

    def _finish(self, partition: int) -> None:
        errand = self._errands.pop(partition, None)
        if errand is not None and errand.done is not None:
            errand.done()

    def _complain(self, fault: KafkaError) -> None:
        """Once, until it works again."""
        if not self._complained:
            self._complained = True
            _LOG.warning("queue %s: nobody is suspected: %s", self._topic, fault_of(fault))

    def _store(self, place: TopicPartition) -> None:
        try:
            self._consumer.store_offsets(offsets=[place])
        except KafkaException as error:
            if not is_lost_partition(error):
                _LOG.error("%s/%d is not committed: %s", self._topic, place.partition, error)

    def _place(self, partition: int, position: int) -> TopicPartition:
        standing = self._standings.get(partition)
        if standing is None:
            return TopicPartition(self._topic, partition, position)
        return TopicPartition(self._topic, partition, position, metadata=standing.mark)
