"""Trying something without rights that root has, be the tests run by root or not."""

import os
import subprocess
import sys

from tests.local.running import IMPORTABLE


def complaint_without(right: str, script: str) -> str:
    """Run Python without a capability, by its name for `setpriv`; gives what it complains of."""
    dropping = ("setpriv", f"--bounding-set=-{right}") if os.geteuid() == 0 else ()
    tried = subprocess.run(  # noqa: S603
        [*dropping, sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": IMPORTABLE},
        capture_output=True,
        text=True,
        check=False,
    )
    return tried.stderr
