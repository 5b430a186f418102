from types import ModuleType

import pytest

import grpc_kafka
from grpc_kafka import aio, protocol, sync, testing, topics


@pytest.mark.parametrize("module", [grpc_kafka, aio, protocol, sync, testing, topics])
def test_the_door_is_sorted_and_holds_what_it_names(module: ModuleType) -> None:
    names = list(module.__all__)
    assert names == sorted(names, key=_isort_order)
    assert all(hasattr(module, each) for each in names)
    offered = {
        each
        for each, value in vars(module).items()
        if not each.startswith("_")
        and getattr(value, "__module__", "").startswith(f"{module.__name__}._")
    }
    assert offered <= set(names)


def _isort_order(name: str) -> tuple[int, str]:
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name
