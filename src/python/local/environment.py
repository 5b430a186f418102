"""What every process sees of the runner's environment."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

# How the runner itself was started says nothing about the processes it starts; and a setting left
# over in a shell must not change the system, except how much it tells. libpq lets its PG* variables
# complete, and contradict, every URL.
_NOT_PASSED_ON = re.compile(r"^(_*PEX|PYTHON|PANTS|VIRTUAL_ENV|TANDEM_|PG[A-Z]|_$)")
_PASSED_ON = frozenset({"TANDEM_LOG_LEVEL"})


def base(outer: Mapping[str, str], source_roots: Sequence[Path]) -> dict[str, str]:
    """The variables for all processes, services and servers alike.

    Args:
        outer: The runner's environment.
        source_roots: Where modules of the repository are imported from.
    """
    kept = {
        name: value
        for name, value in outer.items()
        if name in _PASSED_ON or not _NOT_PASSED_ON.match(name)
    }
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(str(root) for root in source_roots),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
    }
