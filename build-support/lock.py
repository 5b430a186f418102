"""Write every lockfile anew: ``./pants run build-support/lock.py``.

``NAME.lock`` stands beside the ``NAME.txt`` that it is resolved from. Lockfiles hold versions and
hashes for all platforms, and no address: each user's own package index is asked. With file names as
arguments (``-- default.lock``) only those are written.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

_TIMEOUT_SECONDS = 600
_EXAMPLES = """\
examples:
  ./pants run build-support/lock.py                               all of them, with newest versions
  ./pants run build-support/lock.py -- default.lock ruff.lock     these alone

exit codes: 0 written, 1 one cannot be resolved or takes too long, 2 no such lockfile
"""


@dataclass(frozen=True)
class Lock:
    """A lockfile, the requirements that it is resolved from, and the CPython that it is for."""

    path: str
    requirements: str
    python: str = "3.13"


LOCKS = (
    Lock("3rdparty/pants/pants.lock", "3rdparty/pants/pants.txt", python="3.9"),
    Lock("3rdparty/pants/pex.lock", "3rdparty/pants/pex.txt", python="3.9"),
    # The product's own comes before the tools', some of which take versions from it.
    Lock("3rdparty/python/default.lock", "3rdparty/python/requirements.txt"),
    Lock("3rdparty/benchmarks/peers.lock", "3rdparty/benchmarks/peers.txt"),
    *(
        Lock(f"3rdparty/tools/{tool}.lock", f"3rdparty/tools/{tool}.txt")
        for tool in (
            *("buf", "cyclonedx", "dockerfile", "dumb-init", "gixy", "grafana"),
            *(
                "grpcio-tools",
                "hadolint",
                "mypy",
                "mypy-protobuf",
                "pytest",
                "ruff",
                "setuptools",
                "shellcheck",
                "uv",
                "workflows",
            ),
            "zensical",
        )
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Write the lockfiles named by ``arguments``, or all; return the exit code."""
    parser = argparse.ArgumentParser(
        "./pants run build-support/lock.py --",
        description="Write lockfiles anew: versions and hashes, and no address.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME.lock", help="(all)")
    names: list[str] = parser.parse_args(arguments).names
    chosen = choose(names)
    unknown = set(names) - {Path(lock.path).name for lock in chosen}
    if unknown:
        known = ", ".join(sorted(Path(lock.path).name for lock in LOCKS))
        print(f"no such lockfile: {', '.join(sorted(unknown))}; there are {known}", file=sys.stderr)
        return 2
    return max(write(lock) for lock in chosen)


def choose(names: Sequence[str]) -> list[Lock]:
    """Return the locks with these file names, or all, in the order they must be written in."""
    return [lock for lock in LOCKS if not names or Path(lock.path).name in names]


def command(lock: Lock) -> list[str]:
    """Return the arguments of uv that write ``lock``."""
    return [
        *(
            "pip",
            "compile",
            lock.requirements,
            "--output-file",
            lock.path,
            "--python-version",
            lock.python,
        ),
        *("--universal", "--generate-hashes", "--no-header", "--upgrade", "--quiet"),
    ]


def write(lock: Lock) -> int:
    """Write one lockfile, saying so; return 1 if uv cannot, or takes too long."""
    started = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603 - uv from our own lockfile, fixed arguments
            [find_uv_bin(), *command(lock)],
            cwd=os.environ.get("BUILD_ROOT"),
            env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"{lock.path}: not written within {_TIMEOUT_SECONDS} s", file=sys.stderr)
        return 1
    print(f"{lock.path}: {time.monotonic() - started:.1f} s", flush=True)
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
