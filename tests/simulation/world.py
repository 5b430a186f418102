"""A simulated world: who is there, what befalls them, and what is left at the end."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation import faults, seams
from tests.simulation.cast import Cast
from tests.simulation.chance import Chance
from tests.simulation.cluster import Cluster
from tests.simulation.faults import Profile
from tests.simulation.group import Member
from tests.simulation.inspection import Inspection
from tests.simulation.journal import Journal
from tests.simulation.oracle import Oracle
from tests.simulation.port import Brokers
from tests.simulation.process import Process
from tests.simulation.records import Attempt
from tests.simulation.sending import Luck
from tests.simulation.service import Store
from tests.simulation.strays import Strays
from tests.simulation.timeline import StuckError, Timeline
from tests.simulation.watch import LANE, Violations, Watch
from tests.simulation.workload import FORGOTTEN, PATIENT, RATE, SERVICE, Kind, Spec, draw

QUEUE = f"{LANE}.{SERVICE}"
_STEPS_A_CALL = 5_000
_PROBES = 24
_GRACE = 5.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run.

    Attributes:
        digest: the same whenever the same happened.
        outcomes: how many calls ended with each status.
        steps: how much happened.
        seconds: how long it was, in virtual time.

    """

    seed: int
    profile: Profile
    calls: int
    violations: list[str]
    digest: str
    outcomes: dict[str, int]
    steps: int
    seconds: float


class World:
    """One run; `run` it once.

    Args:
        seed: all that is left to chance comes from it.
        calls: how many.
        profile: what goes wrong; None to have the seed say.
        show: takes a line for everything that happens.

    """

    def __init__(
        self,
        seed: int,
        calls: int,
        profile: Profile | None = None,
        show: Callable[[str], None] | None = None,
    ) -> None:
        self._seed = seed
        self._calls = calls
        self._chance = chance = Chance(seed)
        drawn = faults.profile_of(chance.faults)
        self._profile = profile or drawn
        self._timeline = timeline = Timeline(_STEPS_A_CALL * (calls + _PROBES + 100))
        self._journal = journal = Journal(lambda: timeline.now, show)
        violations = Violations(journal)
        self._watch = Watch(timeline, journal, violations, self._find)
        self._cluster = Cluster(timeline, self._watch.appended, self._watch.arrived)
        self._store = Store()
        limit = chance.workload.choice((4, 16, 64))
        self._oracle = Oracle(
            timeline,
            journal,
            self._watch,
            strict=self._profile.strict,
            limit=limit,
            replies=self._store.replies.get,
        )
        self._brokers = Brokers(
            timeline,
            self._cluster,
            chance.network,
            committed=self._committed,
            left=self._oracle.left,
            reported=self._watch.reported,
        )
        specs = draw(chance.workload, calls, faults.poisons_of(self._profile))
        count = chance.workload.choice((1, 2, 3))
        self._cast = Cast(
            chance,
            self._brokers,
            journal,
            self._watch,
            self._oracle,
            self._store,
            limit=limit,
            servers=chance.workload.choice((1, 2, 3)),
            specs=[specs[each::count] for each in range(count)],
        )
        self._inspection = Inspection(timeline, violations)
        self._strays = Strays(chance.faults, self._cluster, self._watch, self._oracle, QUEUE)
        self._quiet = False

    def run(self) -> Result:
        """Let it happen.

        Gives what came of it; a promise that was not kept is among the violations.
        """
        collecting = gc.isenabled()
        gc.disable()
        try:
            with seams.replaced(self._chance.ids):
                self._happen()
                result = self._result()
                for process in self._cast.processes:
                    process.loop.bury()
        finally:
            if collecting:
                gc.enable()
        return result

    def _result(self) -> Result:
        return Result(
            self._seed,
            self._profile,
            self._calls,
            list(self._watch.violations.found),
            self._journal.digest,
            dict(self._oracle.outcomes),
            self._timeline.steps,
            self._timeline.now,
        )

    def _happen(self) -> None:
        try:
            self._go_wrong()
            self._heal()
            self._be_quiet()
        except StuckError as error:
            self._watch.violations.add(str(error))

    def _go_wrong(self) -> None:
        timeline, chance = self._timeline, self._chance
        self._cast.start()
        seconds = self._calls / RATE + 1.0
        self._brokers.luck = faults.luck_of(self._profile)
        faults.arrange(chance.faults, self._profile, seconds, self, timeline.after)
        timeline.after(0.5, self._inspect)
        timeline.run(seconds)

    def _heal(self) -> None:
        """Let everything work again, and wait for all calls to end."""
        timeline = self._timeline
        self._journal.note("world", "heals")
        self._brokers.luck = Luck()
        self._cluster.heal()
        for process in self._cast.processes:
            process.heal()
        timeline.run(timeline.now + PATIENT + 20.0, self._all_ended)
        timeline.run(timeline.now + 1.0)
        for token in self._oracle.open:
            self._watch.violations.add(f"call {token} never ended")

    def _be_quiet(self) -> None:
        timeline = self._timeline
        # Calls of clients that died hold their servers up until their deadlines.
        timeline.run(max(timeline.now, self._calls / RATE + FORGOTTEN + 5.0))
        self._probe()
        # Longer than parts are kept whose end does not come, and positions wait to be committed.
        timeline.run(timeline.now + 45.0)
        self._quiet = True
        self._oracle.judge_runs()
        self._inspection.of_queue(self._brokers.group(QUEUE))
        self._inspection.of_store(self._store.effects)
        self._inspection.of_clients(self._cast.clients)
        self._inspection.of_servers(self._cast.servers)
        for client in self._cast.clients:
            if client.process is not None and client.client is not None:
                client.process.start(lambda slot=client: slot.client.channel.close(None))  # type: ignore[misc]
        timeline.run(timeline.now + 30.0)
        for slot in self._cast.servers:
            if slot.process is not None and slot.server is not None:
                slot.process.start(lambda made=slot.server: made.stop(_GRACE))  # type: ignore[misc]
        timeline.run(timeline.now + 30.0)
        self._inspection.of_processes(self._cast.processes)

    def _all_ended(self) -> bool:
        return self._cast.complete and not self._oracle.open

    def _probe(self) -> None:
        """Make calls that nothing stands in the way of: each has to end well."""
        self._journal.note("world", "probes")
        specs = [
            Spec(10**6 + number, Kind.ECHO, self._timeline.now, PATIENT, None, 0.0, 0, 0, 0)
            for number in range(_PROBES)
        ]
        for number, spec in enumerate(specs):
            slot = self._cast.clients[number % len(self._cast.clients)]
            if slot.process is not None and slot.client is not None:
                slot.process.start(lambda slot=slot, spec=spec: slot.client.make(spec))  # type: ignore[misc]
        self._timeline.run(self._timeline.now + PATIENT + 5.0, self._all_ended)
        self._timeline.run(self._timeline.now + 0.1)
        for spec in specs:
            attempt = self._find(f"{spec.number}.0")
            if attempt is None or attempt.code is None or attempt.code.name != "OK":
                code = attempt.code if attempt else None
                self._watch.violations.add(f"probe {spec.number} ended {code} when all was well")

    # What goes wrong; see `faults.Breakable`.

    def rebalance(self) -> None:
        """Partitions move between members."""
        self._journal.note("world", "rebalances")
        self._brokers.group(QUEUE).share_out(shuffled=True)

    def deploy(self) -> None:
        """A server is replaced, in order."""
        slot = self._chance.faults.choice(self._cast.servers)
        process, made = slot.process, slot.server
        if process is not None and made is not None:
            self._journal.note(process.name, "is replaced")
            self._cast.start_server(slot)
            process.start(lambda: made.stop(_GRACE))

    def kill_server(self) -> None:
        """A server is killed."""
        process = self._chance.faults.choice(self._cast.servers).process
        if process is not None:
            process.kill()

    def kill_client(self) -> None:
        """A client is killed."""
        process = self._chance.faults.choice(self._cast.clients).process
        if process is not None and process.alive:
            process.kill()

    def cut(self, seconds: float) -> None:
        """A process reaches no brokers."""
        process = self._cast.anyone()
        if process is not None:
            self._journal.note(process.name, f"reaches no brokers for {seconds:.3f} s")
            process.cut(seconds)
            self._watch_over(process)

    def freeze(self, seconds: float) -> None:
        """A process stands still."""
        process = self._cast.anyone()
        if process is not None:
            self._journal.note(process.name, f"stands still for {seconds:.3f} s")
            process.freeze(seconds)
            self._watch_over(process)

    def outage(self, seconds: float) -> None:
        """Partitions cannot be reached by anyone."""
        logs = [log for topic in self._cluster.topics.values() for log in topic]
        if logs and self._chance.faults.random() < 0.7:
            logs = [self._chance.faults.choice(logs)]
        self._journal.note("world", f"{len(logs)} partitions are away for {seconds:.3f} s")
        self._cluster.close(logs, seconds)
        self._watch.outage_until = max(self._watch.outage_until, self._timeline.now + seconds)

    def suspend(self, seconds: float) -> None:
        """Everything but the brokers stands still."""
        there = [process for process in self._cast.processes if process.alive]
        # One after the other would be longer than anything waits to be sent.
        if not any(process.away for process in there):
            self._journal.note("world", f"stands still for {seconds:.3f} s")
            for process in there:
                process.freeze(seconds)
                self._watch_over(process)

    def stray(self) -> None:
        """A record comes that nobody of the lane wrote."""
        self._strays.write()

    def _watch_over(self, process: Process) -> None:
        for slot in self._cast.servers:
            if slot.process is process and slot.port is not None:
                for member in slot.port.members:
                    member.watch()

    # What is seen of it.

    def _find(self, token: str) -> Attempt | None:
        return self._oracle.attempts.get(token)

    def _committed(self, member: Member, partition: int, before: int, position: int) -> None:
        if position != before:
            self._journal.note(member.process.name, f"commits {partition} to {position}")
        log = self._cluster.topic(QUEUE)[partition]
        self._watch.committed(member, log.records[before:position])

    def _inspect(self) -> None:
        self._inspection.of_streams(self._cast.servers, self._cast.clients)
        if not self._quiet:
            self._timeline.after(0.5, self._inspect)
