"""Run simulated worlds, or replay one: `python -m tests.simulation --help`."""

from __future__ import annotations

import sys

from tests.simulation.command import main

sys.exit(main(sys.argv[1:]))
