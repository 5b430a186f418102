"""Writes all files of a plan, or none."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

_MODE = 0o644


def write(root: Path, files: Mapping[str, str | None]) -> None:
    """Bring files to their contents; None means that there is to be no file.

    Everything is written beside its place first. What fails, or is interrupted, after that is
    undone, and raised again. Folders that are left without a file go, too.

    Raises:
        OSError: something cannot be written; all is as before.
    """
    with tempfile.TemporaryDirectory(dir=root, prefix=".scaffold-") as scratch:
        staged, kept = Path(scratch, "new"), Path(scratch, "old")
        for path, content in files.items():
            if content is not None:
                _place(staged / path)
                (staged / path).write_text(content)
                (staged / path).chmod(_mode(root / path))
        done: list[str] = []
        try:
            for path, content in files.items():
                done.append(path)
                _place(kept / path)
                if (root / path).exists():
                    os.link(root / path, kept / path)
                if content is None:
                    (root / path).unlink(missing_ok=True)
                else:
                    _place(root / path)
                    (staged / path).replace(root / path)
        except BaseException:
            _undo(root, kept, done)
            raise
    for path in files:
        _tidy(root, (root / path).parent)


def _undo(root: Path, kept: Path, done: list[str]) -> None:
    for path in done:
        if (kept / path).exists():
            _place(root / path)
            (kept / path).replace(root / path)
        else:
            (root / path).unlink(missing_ok=True)
            _tidy(root, (root / path).parent)


def _place(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777 if path.exists() else _MODE


def _tidy(root: Path, folder: Path) -> None:
    """Remove a folder, and those above it, as far as nothing is in them but what Python cached."""
    while folder != root and folder.is_dir():
        if any(entry.name != "__pycache__" for entry in folder.iterdir()):
            return
        shutil.rmtree(folder)
        folder = folder.parent
