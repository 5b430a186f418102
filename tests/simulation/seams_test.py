"""Nothing of the transport sees the real clock, or real chance, while it is simulated."""

import ast
import inspect
import pkgutil
from importlib import import_module
from types import ModuleType

import pytest

import grpc_kafka.aio
import grpc_kafka.protocol
from grpc_kafka.aio import _call_ids
from tests.simulation.seams import CLOCKS, SECRETS

_OUTSIDE = {"datetime", "os", "random", "secrets", "select", "socket", "time", "uuid"}
_REPLACED = {
    **{module.__name__: {"time"} for module in CLOCKS},
    **{module.__name__: {"secrets"} for module in SECRETS},
    _call_ids.__name__: {"os"},
}


def _modules() -> list[str]:
    return [
        f"{package.__name__}.{found.name}"
        for package in (grpc_kafka.aio, grpc_kafka.protocol)
        for found in pkgutil.iter_modules(package.__path__)
        if not found.name.endswith(("_test", "conftest"))
    ]


def _imported(module: ModuleType) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("name", _modules())
def test_what_a_module_takes_from_outside_is_replaced(name: str) -> None:
    assert _imported(import_module(name)) & _OUTSIDE == _REPLACED.get(name, set())
