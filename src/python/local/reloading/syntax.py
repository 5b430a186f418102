"""Whether saved files can be parsed, asked before a working process is ended for them."""

from collections.abc import Iterable
from pathlib import Path


def errors(paths: Iterable[Path]) -> dict[Path, str]:
    """Describe the error of syntax in each of these modules that has one.

    Files that are gone meanwhile, or cannot be read, have none.
    """
    found = {path: _error(path) for path in sorted(paths) if path.suffix == ".py"}
    return {path: text for path, text in found.items() if text}


def _error(path: Path) -> str:
    try:
        compile(path.read_bytes(), path, "exec", dont_inherit=True)
    except OSError:
        return ""
    except SyntaxError as error:
        return f"{path}:{error.lineno}: {error.msg}{_place(error)}"
    except ValueError as error:
        return f"{path}: {error}"
    return ""


def _place(error: SyntaxError) -> str:
    line = (error.text or "").rstrip()
    mark = " " * max((error.offset or 1) - 1, 0) + "^"
    return f"\n  | {line}\n  | {mark}" if line else ""
