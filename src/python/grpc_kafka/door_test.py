import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "grpc_kafka",
        "grpc_kafka.aio",
        "grpc_kafka.protocol",
        "grpc_kafka.testing",
        "grpc_kafka.topics",
    ],
)
def test_the_door_is_sorted_and_holds_what_it_names(name: str) -> None:
    module = importlib.import_module(name)
    names = list(module.__all__)
    assert names == sorted(names, key=_isort_order)
    assert all(hasattr(module, each) for each in names)
    offered = {
        each
        for each, value in vars(module).items()
        if not each.startswith("_") and getattr(value, "__module__", "").startswith(f"{name}._")
    }
    assert offered <= set(names)


def _isort_order(name: str) -> tuple[int, str]:
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name
