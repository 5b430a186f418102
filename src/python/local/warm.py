"""A service that has imported its packages before it is wanted: `python -m local.warm MODULE ...`.

Most of the time that a service takes to start goes into packages that no save changes. This
process imports them, then waits for one line on its standard input: a JSON object of environment
variables. When that comes, it becomes `python -m MODULE ...`, and reads the service's own modules
as they are then. When its input ends before, it ends.
"""

import json
import os
import runpy
import sys
from importlib import import_module, invalidate_caches
from pathlib import Path

from local.import_closure import ImportGraph


def preload(module: str, graph: ImportGraph) -> None:
    """Import what the service is going to import from elsewhere than the repository."""
    for name in sorted(graph.foreign(module)):
        try:
            import_module(name)
        except Exception:  # noqa: BLE001, S112  # the service itself will say what is wrong with it
            continue


def main() -> None:
    """Import, wait, and run the service."""
    module, *arguments = sys.argv[1:]
    preload(module, ImportGraph([Path(entry) for entry in os.environ["PYTHONPATH"].split(":")]))
    told = _read_line()
    if not told:
        return
    os.environ.update(json.loads(told))
    sys.argv = [module, *arguments]
    # Modules that were generated or added meanwhile must not be missed.
    invalidate_caches()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _read_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return b""
        line += byte
    return line


if __name__ == "__main__":
    main()
