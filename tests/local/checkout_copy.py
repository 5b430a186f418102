"""A copy of what the runner needs of a checkout, to run and to edit."""

import shutil
from pathlib import Path

import local

_ROOT = Path(local.__file__).parents[3]
_NEEDED = ("src/python", "src/protos", "infra/nginx", "infra/kafka")


def copy_checkout(root: Path) -> Path:
    """Copy it below this directory; gives the directory."""
    for name in _NEEDED:
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_ROOT / name, root / name, ignore=left_out)
    return root
