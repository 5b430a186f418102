"""Consumer groups: who reads which partitions of a queue, and from where."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from random import Random

from grpc_kafka import Health
from grpc_kafka._broker import QueueReader
from grpc_kafka._pausing import Pausing
from grpc_kafka.protocol import Plan, Standing, decide
from tests.simulation.cluster import Cluster, Cursor
from tests.simulation.process import Process

SESSION = 3.0
"""Seconds without a sign of life after which a member is taken for dead."""

_COMMIT = 0.3
_LEAVE = 3.0
_CLOSE = 15.0
_ANSWER = 5.0

type Committed = Callable[[Member, int, int, int], None]
"""Told of a member, a partition, and its position before and now."""

type Left = Callable[[Member, set[int]], None]
"""Told of a member whose process was told that these partitions are another's."""


class Group:
    """The coordinator of a group."""

    def __init__(
        self, cluster: Cluster, topic: str, chance: Random, committed: Committed, left: Left
    ) -> None:
        self.logs = logs = cluster.topic(topic)
        self.cluster = cluster
        self.timeline = cluster.timeline
        self.chance = chance
        self.positions: dict[int, int] = dict.fromkeys(range(len(logs)), 0)
        self.members: list[Member] = []
        self.left = left
        self._committed = committed
        self._marks: dict[int, str] = {}
        self._owners: dict[int, Member] = {}
        self._targets: dict[int, Member] = {}

    def owns(self, member: Member, partition: int) -> bool:
        """Whether the coordinator takes this member for a partition's owner."""
        return self._owners.get(partition) is member

    def join(self, member: Member) -> None:
        """Give the member its share."""
        if member not in self.members:
            self.members.append(member)
            self.share_out()

    def leave(self, member: Member) -> None:
        """Give what a member had to others."""
        if member in self.members:
            self.members.remove(member)
            for partition in [each for each, has in self._owners.items() if has is member]:
                del self._owners[partition]
            self.share_out()

    def share_out(self, *, shuffled: bool = False) -> None:
        """Decide who shall have what; nobody gets what another one has not left."""
        if not self.members:
            self._targets = {}
            return
        members = list(self.members)
        if shuffled:
            self.chance.shuffle(members)
        for partition in range(len(self.logs)):
            self._targets[partition] = members[partition % len(members)]
        leaving: dict[Member, set[int]] = {}
        for partition, target in self._targets.items():
            owner = self._owners.get(partition)
            if owner is None:
                self._give(partition)
            elif owner is not target:
                leaving.setdefault(owner, set()).add(partition)
        for owner, partitions in leaving.items():
            owner.revoke(partitions)

    def released(self, member: Member, partitions: Collection[int]) -> None:
        """Give to others what a member has left."""
        for partition in sorted(partitions):
            if self.owns(member, partition):
                del self._owners[partition]
                self._give(partition)

    def read(self, partition: int) -> tuple[int, str | None]:
        """A partition's committed position, and the mark beside it."""
        return self.positions[partition], self._marks.get(partition)

    def commit(self, member: Member, partition: int, position: int, mark: str) -> None:
        """Take a position; one of a member that is not the owner is refused."""
        if self.owns(member, partition):
            before, self.positions[partition] = self.positions[partition], position
            self._marks[partition] = mark
            self._committed(member, partition, before, position)

    def _give(self, partition: int) -> None:
        target = self._targets.get(partition)
        if target is not None and target in self.members:
            self._owners[partition] = target
            target.assign(partition)


class _Share:
    """A partition that a member has: where it stands, and what it is to commit."""

    def __init__(self, standing: Standing, cursor: Cursor) -> None:
        self.standing = standing
        self.cursor = cursor
        self.wanted: int | None = None


class Member(Pausing):
    """A process's membership: `Queue` of the port.

    Attributes:
        view: the partitions that the process itself believes to have.

    """

    def __init__(self, group: Group, process: Process, reader: QueueReader) -> None:
        super().__init__()
        self.process = process
        self.view: set[int] = set()
        self._group = group
        self._timeline = group.timeline
        self._reader = reader
        self._shares: dict[int, _Share] = {}
        self._blocked = self._closed = self._flushing = False
        self._revoking: set[int] = set()
        process.died.append(self.watch)
        self._timeline.after(process.delay(), self._join)

    def watch(self) -> None:
        """Let the coordinator look after a while whether the member is still there."""
        self._timeline.after(SESSION, self._look)

    def _look(self) -> None:
        if self not in self._group.members or not (self.process.away or not self.process.alive):
            return
        self._group.leave(self)
        if self.process.alive:
            self._timeline.after(self.process.delay(), self._fenced)

    def _fenced(self) -> None:
        """It learns that it was taken for dead, and begins anew."""
        if not self.process.alive or self._closed:
            return
        if self.process.away:
            self._timeline.after(self.process.delay(), self._fenced)
            return
        self._forget(set(self._shares))
        self._revoking.clear()
        self._blocked = False
        self._timeline.after(self.process.delay(), self._join)

    def _join(self) -> None:
        if self.process.alive and not self._closed:
            if self.process.away:
                self._timeline.after(self.process.delay(), self._join)
            else:
                self._group.join(self)

    # What the coordinator says.

    def assign(self, partition: int) -> None:
        """Have this partition."""
        self._timeline.after(self.process.delay(), lambda: self._take(partition))

    def revoke(self, partitions: Collection[int]) -> None:
        """Leave these partitions, after what is nearly done."""
        self._timeline.after(self.process.delay(), lambda: self._revoke(set(partitions)))

    def _take(self, partition: int) -> None:
        if not self.process.alive or self._closed or not self._group.owns(self, partition):
            return
        if self.process.away:
            self._timeline.after(self.process.delay(), lambda: self._take(partition))
            return
        if partition in self._shares:
            return
        log = self._group.logs[partition]
        position, mark = self._group.read(partition)
        plan = decide(mark, position, len(log.records))
        standing = Standing(plan, position)
        self._group.commit(self, partition, position, standing.mark)
        self.process.run(self._tell, partition, plan)
        cursor = Cursor(self._group.cluster, self.process, log, position, self._reader.receive)
        self._shares[partition] = _Share(standing, cursor)
        self._pause()

    def _tell(self, partition: int, plan: Plan) -> None:
        self.view.add(partition)
        if plan.again:
            self._reader.suspect(partition, plan)

    def _revoke(self, partitions: set[int]) -> None:
        leaving = {each for each in partitions if each in self._shares} - self._revoking
        # One that was never taken has nothing that is under way.
        self._group.released(self, partitions - set(self._shares))
        if not leaving or not self.process.alive or self._closed:
            return
        self._revoking |= leaving
        self._blocked = True
        self._pause()
        over = False

        def left() -> None:
            nonlocal over
            if not over:
                over = True
                self._timeline.after(self.process.delay(), lambda: self._left(leaving))

        self.process.run(self._reader.leave, leaving, left)
        self._timeline.after(_LEAVE, left)

    def _left(self, partitions: set[int]) -> None:
        if not self.process.alive or not partitions <= self._revoking:
            return
        if self.process.away:
            self._timeline.after(self.process.delay(), lambda: self._left(partitions))
            return
        self._revoking -= partitions
        self._blocked = bool(self._revoking)
        self._put_down(partitions)
        self._forget(partitions)
        self._group.released(self, partitions)
        self._pause()

    def _put_down(self, partitions: Collection[int]) -> None:
        for partition in sorted(partitions):
            share = self._shares.get(partition)
            if share is not None:
                self._move(share)
                share.standing.leave()
                self._commit(partition, share)

    def _forget(self, partitions: set[int]) -> None:
        for partition in sorted(partitions):
            share = self._shares.pop(partition, None)
            if share is not None:
                share.cursor.close()
        if partitions:
            self.process.run(self._tell_forgotten, partitions)

    def _tell_forgotten(self, partitions: set[int]) -> None:
        self._reader.forget(partitions)
        self.view -= partitions
        self._group.left(self, partitions)

    # What the process says.

    def commit(self, partition: int, position: int) -> None:
        """As `Queue` has it."""
        share = self._shares.get(partition)
        if share is not None and self.process.alive:
            share.wanted = position
            self._flush_later()

    def mark(self, partition: int, mark: str, marked: Callable[[], None]) -> None:
        """As `Queue` has it."""
        if self.process.alive:
            self._timeline.after(self.process.delay(), lambda: self._mark(partition, mark, marked))

    def _mark(self, partition: int, mark: str, marked: Callable[[], None]) -> None:
        share = self._shares.get(partition)
        if share is not None and self.process.alive:
            self._move(share)
            share.standing.write(mark)
            if self.process.away:
                # No answer in time: it goes on without.
                self._timeline.after(_ANSWER, lambda: self.process.run(marked))
                return
            self._commit(partition, share)
        self._timeline.after(self.process.delay(), lambda: self.process.run(marked))

    def lag(self) -> int | None:
        """As `Queue` has it."""
        return None

    def healthy(self) -> Health:
        """As `Queue` has it."""
        return Health(ok=not self.process.away, detail="simulated")

    async def close(self) -> None:
        """As `Queue` has it."""
        if self._closed:
            return
        closed = self.process.loop.create_future()

        def close() -> None:
            if self.process.away and self.process.alive:
                self._timeline.after(self.process.delay(), close)
                return
            self._put_down(set(self._shares))
            self._closed = True
            self._forget(set(self._shares))
            self._group.leave(self)
            self.process.run(_resolve, closed)

        self._timeline.after(self.process.delay(), close)
        await asyncio.wait([closed], timeout=_CLOSE)

    def _pause(self) -> None:
        for partition, share in self._shares.items():
            share.cursor.paused = self._blocked or self._stands(partition)
            share.cursor.wake()

    def _flush_later(self) -> None:
        if not self._flushing:
            self._flushing = True
            delay = self.process.delay() + self._group.chance.random() * _COMMIT
            self._timeline.after(delay, self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self.process.away:
            self._flush_later()
        elif self.process.alive:
            for partition, share in self._shares.items():
                if share.wanted is not None:
                    self._move(share)
                    self._commit(partition, share)

    def _move(self, share: _Share) -> None:
        if share.wanted is not None:
            share.standing.move(share.wanted)
            share.wanted = None

    def _commit(self, partition: int, share: _Share) -> None:
        self._group.commit(self, partition, share.standing.position, share.standing.mark)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
