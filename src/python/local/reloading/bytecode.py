"""Compiled modules that may be out of date without Python noticing.

Python takes a compiled module for current when the source has the same size and was saved in the
same second. Who saves, sees the service restart, and saves again, can do that within a second.
"""

from collections.abc import Iterable
from importlib.util import cache_from_source
from pathlib import Path


def forget(paths: Iterable[Path]) -> None:
    """Have these modules compiled anew at their next import."""
    for path in paths:
        if path.suffix == ".py":
            Path(cache_from_source(str(path))).unlink(missing_ok=True)
