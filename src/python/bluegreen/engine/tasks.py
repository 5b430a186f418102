"""Which tasks a release has: the settings name those of the newest one, and others may go back."""

import shlex
from collections.abc import Sequence

import yaml


def known(lines: Sequence[str], lane_file: str) -> tuple[list[str], list[str]]:
    """Tell the tasks that a release has from those that came after it, or went before.

    Args:
        lines: Tasks as the settings name them.
        lane_file: The content of the release's lane.yml.

    Returns:
        The lines of those that it has, and the names of the others.
    """
    services = yaml.safe_load(lane_file)["services"]
    named = [(shlex.split(line)[0], line) for line in lines]
    there = [line for name, line in named if name in services]
    return there, [name for name, _ in named if name not in services]
