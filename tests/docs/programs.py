"""Programs as a page calls them, on the PATH of who types its commands."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PYTHON = {"python": [sys.executable]}
"""The interpreter that has what this process has."""


def on_path(folder: Path, programs: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """An environment in which these are found first, and Python has the modules of this process.

    Args:
        folder: Where they are put.
        programs: What each begins with; its own arguments follow.
    """
    folder.mkdir(exist_ok=True)
    for name, command in programs.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        program.chmod(0o755)
    modules = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": modules}
