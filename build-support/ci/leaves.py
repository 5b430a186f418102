"""What is of one service alone, and so leaves suites about the whole system for the night."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from ci.changes import Change
from ci.pages import is_page

WHOLE = "whole"
"""The tag of what starts or packs all services; BUILD files give it."""

_IN_A_SERVICE = re.compile(r"src/python/services/(?P<name>[^/]+)/.")
_BUILDS = frozenset({"BUILD", "Dockerfile"})
"""How it is built, and what runs all of it, is more than what is in one service."""


def is_leaf(changed: Iterable[Change]) -> bool:
    """Whether files are all of one service, but for how it is built, and of the docs."""
    rooms = {_room(change.path) for change in changed if not is_page(change.path)}
    return len(rooms) <= 1 and "" not in rooms


def _room(path: str) -> str:
    """The service that a file is of, if it is of one."""
    found = _IN_A_SERVICE.match(path)
    return found["name"] if found and PurePosixPath(path).name not in _BUILDS else ""
