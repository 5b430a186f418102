import ast
from pathlib import Path

import pytest

_ROOM = Path(__file__).parent
_MODULES = sorted(path for path in _ROOM.glob("*.py") if not path.name.endswith("_test.py"))
_ALLOWED = {
    "__future__",
    "collections",
    "enum",
    "functools",
    "re",
    "reprlib",
    "struct",
    "typing",
    "grpc_kafka",
}


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: path.name)
def test_protocol_imports_nothing_that_does_io_or_keeps_time(path: Path) -> None:
    found = _imports(path)
    assert {name.split(".")[0] for name in found} <= _ALLOWED
    own = {name for name in found if name.startswith("grpc_kafka")}
    assert all(name.startswith("grpc_kafka.protocol") for name in own)


def test_there_are_modules_to_look_at() -> None:
    assert len(_MODULES) >= 7
