"""Deleting a checkout's data."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

# Not data: who runs, and where.
_KEPT = frozenset({".gitignore", "lock", "port", "run.json"})
_UNITS = ("B", "kB", "MB", "GB")
_THOUSAND = 1000


def reset(state: Path) -> Iterator[str]:
    """Delete all data, entry by entry; gives a line that names each before it is deleted."""
    for path in sorted(state.iterdir()):
        if path.name not in _KEPT:
            yield f"deleting {path.name} ({_readable(_sizes(path))})"
            _delete(path)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _sizes(path: Path) -> Iterable[int]:
    files = path.rglob("*") if path.is_dir() and not path.is_symlink() else (path,)
    return (file.lstat().st_size for file in files if not file.is_dir())


def _readable(sizes: Iterable[int]) -> str:
    size = float(sum(sizes))
    for unit in _UNITS[:-1]:
        if size < _THOUSAND:
            return f"{size:.0f} {unit}"
        size /= _THOUSAND
    return f"{size:.1f} {_UNITS[-1]}"
