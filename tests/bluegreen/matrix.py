"""The whole kill matrix, or some of its rows.

Prints what deployers said that failed, row by row; then what is wrong, and what docs/bluegreen.md
shows: the table and its totals.
"""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bluegreen.kills import Cell, Victim, row
from tests.bluegreen.ordeal import Ordeal
from tests.bluegreen.verdict import CAP, LEGEND, complaints, table, totals
from tests.support import command_line, delivery, docker, releases, site_load
from tests.support.site_load import Mix
from tests.support.site_report import Report

_EXAMPLES = """\
  ./pants run tests/bluegreen:matrix                       all rows
  ./pants run tests/bluegreen:matrix -- deployer engine    two of them

It needs root, Docker, the images of `./pants package ::`, sshd and docker-registry, and takes most
of an hour on a machine that does nothing else.
"""

PROBE = Mix(people=4, pages=2.0, starts=6.0, edits=0.5, visits=0.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code is 0 when every row came to its end, and each cell as promised."""
    names = _parser().parse_args(arguments).victims
    os.environ.setdefault(docker.DOCKER, "1")
    os.environ.setdefault(docker.CHECKOUT, str(Path.cwd()))
    victims = [each for each in Victim if not names or _name(each) in names]
    cells: list[Cell] = []
    reports: list[Report] = []
    wrong: list[str] = []
    took = 0.0
    with releases.shelf() as shelf, delivery.ready() as site:
        for tag in ("dev", shelf.release(account=releases.harmless())):  # one to go back to
            done = site.deploy(tag)
            if done.returncode:
                print(done.stdout, done.stderr, sep="\n")
                return 1
        for victim in victims:
            began = time.monotonic()
            with site_load.running(site.url, PROBE) as load:
                ordeal = Ordeal(site, shelf, load.samples, row(victim))
                try:
                    ordeal.run()
                except AssertionError as error:
                    wrong.append(f"{victim}: {error}")
                    if site.state.operation:
                        site.run("rollback")
                report = load.stop()
            wrong += [f"{victim}: {each}" for each in complaints(ordeal.cells, report)]
            cells += ordeal.cells
            reports.append(report)
            seconds = time.monotonic() - began
            took += seconds
            print(*ordeal.said, *ordeal.cells, report, sep="\n")
            print(f"{victim}: {seconds:.0f} s\n", flush=True)
    print(*wrong, LEGEND, table(cells), totals(cells, reports, took), CAP, sep="\n\n")
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
