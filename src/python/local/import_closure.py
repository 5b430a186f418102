"""Which files of the repository a service is made of: what it imports, and what they import.

Read from the source files, without running them, so that a file with an error still counts.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_NO_RESOURCE = frozenset({".py", ".pyc", ".pyi", ".md"})
_NO_RESOURCE_NAMES = frozenset({"BUILD", "Dockerfile"})


@dataclass(frozen=True)
class _Parsed:
    version: tuple[int, int]
    imports: frozenset[str]


class ImportGraph:
    """The imports among the modules below some source roots."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._parsed: dict[Path, _Parsed] = {}

    def closure(self, module: str) -> frozenset[Path]:
        """Find the files that a module is made of when it is run by `python -m`.

        Files that have not changed since the last call are not read again.
        """
        return frozenset(path for path in self._walk(module).values() if path is not None)

    def foreign(self, module: str) -> frozenset[str]:
        """Name what a module and its closure import from elsewhere; attributes are not told apart.

        What is of the repository, or of a package of the repository, is left out.
        """
        found = self._walk(module)
        own = {name.partition(".")[0] for name, path in found.items() if path is not None}
        return frozenset(name for name in found if name.partition(".")[0] not in own)

    def _walk(self, module: str) -> dict[str, Path | None]:
        found: dict[str, Path | None] = {}
        waiting = [module, f"{module}.__main__"]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found[name] = path = self._find(name)
            waiting.extend(_parents(name))
            if path is not None:
                waiting.extend(self._imports(path, name))
        return found

    def owner_of(self, path: Path) -> Path | None:
        """Find the `__init__.py` of the package that carries this file as a resource."""
        if path.suffix in _NO_RESOURCE or path.name in _NO_RESOURCE_NAMES:
            return None
        for directory in path.parents:
            if directory in self._roots:
                return None
            if (directory / "__init__.py").is_file():
                return directory / "__init__.py"
        return None

    def _find(self, module: str) -> Path | None:
        relative = Path(*module.split("."))
        for root in self._roots:
            for path in (
                root / relative / "__init__.py",
                root / relative.parent / f"{relative.name}.py",
            ):
                if path.is_file():
                    return path
        return None

    def _imports(self, path: Path, module: str) -> frozenset[str]:
        status = path.stat()
        version = (status.st_mtime_ns, status.st_size)
        known = self._parsed.get(path)
        if known is not None and known.version == version:
            return known.imports
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        try:
            imports = frozenset(imported(path.read_bytes(), package))
        except (SyntaxError, ValueError):
            # What it imported before is the best guess until it can be parsed again.
            imports = known.imports if known is not None else frozenset()
        self._parsed[path] = _Parsed(version, imports)
        return imports


def imported(source: bytes, package: str) -> Iterator[str]:
    """Name all that a module imports, wherever in it, attributes of modules included.

    Args:
        source: The module's text.
        package: The package that relative imports start from.

    Raises:
        SyntaxError: the text cannot be parsed.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if node.level == 0:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - (node.level - 1)]
    return ".".join((*above, *filter(None, [node.module])))


def _parents(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts)))
