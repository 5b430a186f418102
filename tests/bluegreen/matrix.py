"""The whole kill matrix, or some of its rows.

Prints the table as far as it has come after each row, and what deployers said that failed.
"""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bluegreen.kills import Cell, Victim, complaints, row, table
from tests.bluegreen.ordeal import Ordeal
from tests.support import command_line, delivery, docker, releases, site_load
from tests.support.site_load import Mix

_EXAMPLES = """\
  ./pants run tests/bluegreen:matrix                       all rows
  ./pants run tests/bluegreen:matrix -- deployer engine    two of them

It needs root, Docker, the images of `./pants package ::`, sshd and docker-registry, and takes half
an hour on a machine that does nothing else.
"""

PROBE = Mix(people=4, pages=2.0, starts=6.0, edits=0.5, visits=0.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code is 0 when every row came to its end, and each cell as promised."""
    names = _parser().parse_args(arguments).victims
    os.environ.setdefault(docker.DOCKER, "1")
    os.environ.setdefault(docker.CHECKOUT, str(Path.cwd()))
    victims = [each for each in Victim if not names or _name(each) in names]
    cells: list[Cell] = []
    wrong: list[str] = []
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
                    wrong.append(f"{victim}: {error}")
                    if site.state.operation:
                        site.run("rollback")
                report = load.stop()
            print(*ordeal.said, report, sep="\n")
            wrong += [f"{victim}: {each}" for each in complaints(ordeal.cells, report)]
            cells += ordeal.cells
            print(f"\n{table(cells)}\n\n{victim}: {time.monotonic() - began:.0f} s", flush=True)
    print(*wrong, sep="\n")
    return int(bool(wrong))


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("tests/bluegreen:matrix", __doc__, _EXAMPLES)
    parser.add_argument(
        "victims",
        nargs="*",
        choices=[_name(each) for each in Victim],
        metavar="VICTIM",
        help=f"what is killed: {', '.join(_name(each) for each in Victim)}",
    )
    return parser


def _name(victim: Victim) -> str:
    return victim.name.lower().replace("_", "-")


if __name__ == "__main__":
    command_line.run(main)
