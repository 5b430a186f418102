from pathlib import Path

import pytest

from local.reloading.watched_files import is_source

ROOT = Path("/home/dist/.local/checkout")  # what is above the checkout does not matter


@pytest.mark.parametrize(
    "name",
    [
        "src/python/a.py",
        "src/protos/a.proto",
        "infra/nginx/a.template",
        "src/a/site.css",
        "src/sedation.py",
    ],
)
def test_what_people_edit_is_a_source(name: str) -> None:
    assert is_source(ROOT / name, ROOT)


@pytest.mark.parametrize(
    "name",
    [
        "src/python/__pycache__/a.cpython-313.pyc",
        "src/python/a.py~",
        "src/python/.a.py.swp",
        "src/python/.#a.py",
        "src/python/#a.py#",
        "src/python/4913",
        "src/python/.env",
        "src/python/sedR8x_2q",
        "src/python/a_test.py",
        ".local/codegen/a_pb2.py",
        "dist/a.py",
    ],
)
def test_what_editors_and_tools_leave_is_not(name: str) -> None:
    assert not is_source(ROOT / name, ROOT)
