"""Runs worlds by their seeds, and says which of them did not keep a promise."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

from tests.simulation.faults import Profile
from tests.simulation.world import Result, World

CALLS = 200
"""Calls of one world: few enough that a trace of it can be read."""

_SHARE = 5


@dataclass(slots=True)
class Tally:
    """What came of many runs."""

    runs: int = 0
    calls: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    profiles: Counter[str] = field(default_factory=Counter)
    failed: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Count one."""
        self.runs += 1
        self.calls += result.calls
        self.seconds += result.seconds
        self.outcomes.update(result.outcomes)
        self.profiles[result.profile] += 1
        if result.violations:
            self.failed.append(result)

    def __str__(self) -> str:
        """The counts, then what failed and how to see it again."""
        outcomes = ", ".join(f"{count} {name}" for name, count in self.outcomes.most_common())
        head = f"{self.calls} calls in {self.runs} worlds, {self.seconds:.0f} s of virtual time: "
        return "\n".join([head + outcomes, *map(describe, self.failed)])


def results(seeds: Iterable[int], calls: int, profile: Profile | None = None) -> Iterator[Result]:
    """The results of worlds, one after the other."""
    gc.collect()
    gc.freeze()
    try:
        for seed in seeds:
            yield World(seed, calls, profile).run()
            gc.collect()
    finally:
        gc.unfreeze()


def spread(seeds: Sequence[int], calls: int, *, workers: int | None = None) -> Iterator[Result]:
    """The same in as many processes as there are processors, in whichever order they are done."""
    count = workers or os.cpu_count() or 1
    shares = [seeds[start : start + _SHARE] for start in range(0, len(seeds), _SHARE)]
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_share, share, calls) for share in shares]):
            yield from done.result()


def _share(seeds: Sequence[int], calls: int) -> list[Result]:
    return list(results(seeds, calls))


def command_of(result: Result) -> str:
    """How to see a run again."""
    return (
        f"python -m tests.simulation --seed {result.seed} --calls {result.calls}"
        f" --profile {result.profile} --trace"
    )


def describe(result: Result) -> str:
    """What a run did not keep, and how to see it again."""
    found = result.violations
    lines = [f"seed {result.seed} ({result.profile}): {len(found)} promises not kept"]
    lines += [f"  {each}" for each in found[:5]]
    return "\n".join([*lines, f"  {command_of(result)}"])
