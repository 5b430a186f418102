"""Which files of a checkout are sources that a person edits."""

import re
from pathlib import Path

_DIRECTORIES_LEFT_OUT = frozenset(
    {"__pycache__", ".git", ".local", ".pants.d", "dist", "node_modules", ".idea", ".vscode"}
)
_SUFFIXES_LEFT_OUT = (".pyc", ".pyo", ".swp", ".swx", ".tmp", ".new", ".orig", ".bak", "~")
_PREFIXES_LEFT_OUT = (".", "#", "4913")
_OF_SED = re.compile(r"sed\w{6}")  # what sed -i writes, and then renames
_TESTS = "_test.py"


def is_source(path: Path, root: Path) -> bool:
    """Whether a change of this file, below the root, is of interest.

    Files that editors and tools write beside the sources are not, and neither are tests: nothing
    that runs is made of them.
    """
    relative = path.relative_to(root)
    if not _DIRECTORIES_LEFT_OUT.isdisjoint(relative.parts):
        return False
    name = path.name
    left_out = name.endswith((*_SUFFIXES_LEFT_OUT, _TESTS)) or name.startswith(_PREFIXES_LEFT_OUT)
    return not left_out and _OF_SED.fullmatch(name) is None
