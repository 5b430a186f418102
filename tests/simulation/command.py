"""The command line of the simulation."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from tests.simulation.faults import Profile
from tests.simulation.runner import CALLS, Tally, describe, results
from tests.simulation.world import World


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; gives 0 when every promise was kept."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description="Simulates gRPC over Kafka in virtual time; a seed says all that happens.",
    )
    parser.add_argument("--seed", type=int, required=True, help="of the world, or of the first")
    parser.add_argument(
        "--worlds", type=int, default=1, help="how many, with the seeds that follow"
    )
    parser.add_argument("--calls", type=int, default=CALLS, help="of each world (%(default)s)")
    parser.add_argument(
        "--profile", type=Profile, choices=list(Profile), help="what goes wrong; else the seed says"
    )
    parser.add_argument("--trace", action="store_true", help="print all that happens")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    tally = Tally()
    if given.trace:
        result = World(given.seed, given.calls, given.profile, print).run()
        print(describe(result))
        tally.add(result)
    else:
        seeds = range(given.seed, given.seed + given.worlds)
        for result in results(seeds, given.calls, given.profile):
            tally.add(result)
        print(tally)
    print(f"{time.monotonic() - began:.1f} s")
    return 1 if tally.failed else 0
