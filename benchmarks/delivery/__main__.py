"""What a delivery takes, and what people feel of it.

`./pants run benchmarks:delivery` plays a production server on this machine: a Docker engine of its
own behind an sshd, and a registry. It prints Markdown; docs/bluegreen.md says what it means.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.transport.tables import table
from tests.support import command_line, delivery, releases
from tests.support.deliveries import Series, series
from tests.support.delivery import Delivery
from tests.support.many_services import with_services
from tests.support.site_load import Mix

_EXAMPLES = """\
  ./pants run benchmarks:delivery                    ten deploys under load, then 20 services
  ./pants run benchmarks:delivery -- --deploys 3 --services 6

It needs root, the images of `./pants package ::`, sshd and docker-registry, and takes half an hour.
"""

_MIX = Mix(people=20, pages=10, starts=20, edits=5, visits=0.5)
_KIBI = 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it all; the exit code is 0 when nothing failed and nothing was lost."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("TANDEM_TEST_DOCKER", "1")
    os.environ.setdefault("TANDEM_TEST_CHECKOUT", str(Path.cwd()))
    with delivery.ready() as site, releases.shelf() as shelf:
        _deploy_first(site, "dev")
        ran = series(site, shelf, options.deploys, _MIX)
        _tell_series(ran)
        few = _measured(site, shelf.release(account=releases.harmless()))
    with delivery.ready() as site, releases.shelf() as shelf:
        with_services(site, options.services, shelf)
        _deploy_first(site, shelf.release(account=releases.harmless()))
        many = _measured(site, shelf.release(account=releases.harmless()))
    _tell_sizes({3: few, options.services: many})
    clean = not (ran.report.failures or ran.report.writes.lost or ran.report.writes.doubled)
    return 0 if clean else 1


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("benchmarks:delivery", __doc__, _EXAMPLES)
    parser.add_argument("--deploys", type=int, default=10, help="how many in a row (10)")
    parser.add_argument("--services", type=int, default=20, help="of the larger system (20)")
    return parser


def _deploy_first(site: Delivery, tag: str) -> None:
    done = site.deploy(tag)
    if done.returncode:
        sys.exit(f"the first deploy ended with {done.returncode}:\n{done.stderr}")


def _measured(site: Delivery, tag: str) -> tuple[float, float, float]:
    """The seconds of a deploy; the memory (MiB) and the processor time (s) of the deployer."""
    folder = site.built(tag)
    began = time.monotonic()
    with site.begun("deploy", "--release", str(folder), quiet=True) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"the deploy ended with {process.returncode}")
    return time.monotonic() - began, used.ru_maxrss / _KIBI, used.ru_utime + used.ru_stime


def _tell_series(ran: Series) -> None:
    calm, switching = ran.report.within(ran.calm), ran.report.within(*ran.switches)
    sys.stdout.write(f"{ran}\n\n")
    rows = [
        ("calm", f"{calm.p50 * 1000:.0f}", f"{calm.p99 * 1000:.0f}", ""),
        (
            "while traffic is switched",
            f"{switching.p50 * 1000:.0f}",
            f"{switching.p99 * 1000:.0f}",
            f"x{switching.p99 / calm.p99:.2f}",
        ),
    ]
    sys.stdout.write(table(["", "p50 (ms)", "p99 (ms)", "p99 to calm"], rows) + "\n\n")


def _tell_sizes(measured: dict[int, tuple[float, float, float]]) -> None:
    rows = [
        (str(services), f"{seconds:.0f}", f"{memory:.0f}", f"{processor:.1f}")
        for services, (seconds, memory, processor) in measured.items()
    ]
    heads = ["services", "deploy (s)", "deployer's memory (MiB)", "its processor time (s)"]
    sys.stdout.write(table(heads, rows) + "\n")


if __name__ == "__main__":
    command_line.run(main)
