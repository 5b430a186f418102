"""What a delivery takes, and what people feel of it.

`./pants run benchmarks:delivery` plays a production server on this machine: a Docker engine of its
own behind an sshd, and a registry. It prints what docs/bluegreen.md shows, and whether what is
promised of deliveries was kept.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.delivery import figures, memory
from benchmarks.delivery.figures import Size
from tests.support import command_line, delivery, releases
from tests.support.deliveries import series
from tests.support.delivery import Delivery
from tests.support.many_services import with_services
from tests.support.site_load import Mix

_EXAMPLES = """\
  ./pants run benchmarks:delivery                    ten deploys under load, then 20 services
  ./pants run benchmarks:delivery -- --deploys 3 --services 6

It needs root, the images of `./pants package ::`, sshd and docker-registry, and takes half an hour.
"""

# What two cores bear beside a deploy, the load itself, both engines and the registry.
_MIX = Mix(people=20, pages=6, starts=22, edits=2.5, visits=0.2)
_CALM_SECONDS = 60.0
_KIBI = 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it all; the exit code is 0 when all that is promised was kept."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("TANDEM_TEST_DOCKER", "1")
    os.environ.setdefault("TANDEM_TEST_CHECKOUT", str(Path.cwd()))
    with delivery.ready() as site, releases.shelf() as shelf:
        first = _deploy_first(site, "dev")
        ran = series(site, shelf, options.deploys, _MIX, _CALM_SECONDS)
        sys.stdout.write(f"{ran}\n\n{figures.felt(ran)}\n\n{figures.verdict(ran)}\n\n")
        sys.stdout.flush()
        few = _measured(site, shelf.release(account=releases.harmless()))
        sys.stdout.write(f"{figures.sizes({3: few})}\n\n")
        sys.stdout.flush()
    with delivery.ready() as site, releases.shelf() as shelf:
        with_services(site, options.services, shelf)
        _deploy_first(site, shelf.release(account=releases.harmless()))
        many = _measured(site, shelf.release(account=releases.harmless()))
    sys.stdout.write(f"{figures.sizes({3: few, options.services: many})}\n\n")
    sys.stdout.write(f"A first deploy to a bare server took {first:.0f} s.\n")
    return 0 if all(each.kept for each in figures.promises(ran)) else 1


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("benchmarks:delivery", __doc__, _EXAMPLES)
    parser.add_argument("--deploys", type=int, default=10, help="how many in a row (10)")
    parser.add_argument("--services", type=int, default=20, help="of the larger system (20)")
    return parser


def _deploy_first(site: Delivery, tag: str) -> float:
    """The seconds that it took."""
    folder = site.built(tag)
    began = time.monotonic()
    done = site.run("deploy", "--release", str(folder))
    if done.returncode:
        sys.exit(f"the first deploy ended with {done.returncode}:\n{done.stderr}")
    return time.monotonic() - began


def _measured(site: Delivery, tag: str) -> Size:
    folder = site.built(tag)
    began = time.monotonic()
    with memory.watched(site.server.docker_host) as held:
        with site.begun("deploy", "--release", str(folder), quiet=True) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        took, after = time.monotonic() - began, held.now()
    if process.returncode:
        sys.exit(f"the deploy ended with {process.returncode}:\n{site.heard[-1]['message']}")
    return Size(
        seconds=took,
        start=_seconds_of(site, "start"),
        memory=used.ru_maxrss / _KIBI,
        processor=used.ru_utime + used.ru_stime,
        most=held.most,
        after=after,
    )


def _seconds_of(site: Delivery, step: str) -> float:
    """How long a step took, the last time that it was done."""
    listed = site.run("audit", "--json", "--tail", "100").stdout.splitlines()
    records = [json.loads(line) for line in listed]
    took = [
        float(each["seconds"])
        for each in records
        if each["step"].split()[0] == step and each["event"] == "succeeded"
    ]
    return took[-1]


if __name__ == "__main__":
    command_line.run(main)
