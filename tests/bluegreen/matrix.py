"""The whole kill matrix, or some of its rows.

    ./pants run tests/bluegreen:matrix
    ./pants run tests/bluegreen:matrix -- deployer engine

Needs what tests of the deployer need: root, Docker, sshd, a registry, the images of the checkout.
Prints the table as far as it has come after each row, and what deployers said that failed.
"""

import os
import sys
import time
from pathlib import Path

from tests.bluegreen.kills import Cell, Victim, row, table
from tests.bluegreen.ordeal import Ordeal
from tests.support import delivery, docker, releases, site_load
from tests.support.site_load import Mix

PROBE = Mix(people=4, pages=2.0, starts=6.0, edits=0.5, visits=0.0)


def main() -> int:
    """Run it; the exit code says whether all rows came to their end."""
    os.environ.setdefault(docker.DOCKER, "1")
    os.environ.setdefault(docker.CHECKOUT, str(Path.cwd()))
    victims = [each for each in Victim if _is_wanted(each, sys.argv[1:])]
    cells: list[Cell] = []
    failed = False
    with releases.shelf() as shelf, delivery.ready() as site:
        done = site.deploy()
        if done.returncode:
            print(done.stdout, done.stderr, sep="\n")
            return 1
        for victim in victims:
            began = time.monotonic()
            with site_load.running(site.url, PROBE) as load:
                ordeal = Ordeal(
                    site,
                    lambda: site.built(shelf.release(account=releases.harmless())),
                    load.samples,
                    row(victim),
                )
                try:
                    ordeal.run()
                except AssertionError as error:
                    failed = True
                    print(f"{victim}: {error}")
                    if site.state.operation:
                        site.run("rollback")
                print(*ordeal.said, load.stop(), sep="\n")
            cells += ordeal.cells
            print(f"\n{table(cells)}\n\n{victim}: {time.monotonic() - began:.0f} s", flush=True)
    return int(failed)


def _is_wanted(victim: Victim, names: list[str]) -> bool:
    return not names or victim.name.lower().replace("_", "-") in names


if __name__ == "__main__":
    sys.exit(main())
