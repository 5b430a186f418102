"""What the services' code serves and calls, against what `services.toml` says of them."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.import_closure import ImportGraph

_SOURCES = Path("src/python")
_FILE = "infra/kafka/services.toml"
APPLICATIONS: dict[str, dict[str, list[str]]] = tomllib.loads(Path(_FILE).read_text())[
    "applications"
]
_CALLED = re.compile(r"(tandem\..+)\.\w+_pb2_grpc\.(\w+)(?<!Async)Stub")
_SERVED = re.compile(r"(tandem\..+)\.\w+_pb2_grpc\.add_(\w+)Servicer_to_server")


def named(source: str) -> Iterator[str]:
    """All that a module's code names of what it has imported, in full."""
    tree = ast.parse(source)
    origins: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            origins |= {
                each.asname or each.name: f"{node.module}.{each.name}" for each in node.names
            }
        elif isinstance(node, ast.Import):
            origins |= {each.asname: each.name for each in node.names if each.asname}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and not isinstance(node.ctx, ast.Store):
            first, *rest = ast.unparse(node).split(".")
            yield ".".join([origins.get(first, first), *rest])


def used(pattern: re.Pattern[str], sources: list[str]) -> list[str]:
    """The services whose stub or servicer is named, as a pattern has it."""
    found = {pattern.fullmatch(name) for source in sources for name in named(source)}
    return sorted(f"{match[1]}.{match[2]}" for match in found if match)


def sources_of(application: str) -> list[str]:
    """What an application is made of when it serves."""
    files = ImportGraph([_SOURCES]).closure(f"services.{application}")
    return [path.read_text() for path in sorted(files)]


def test_every_service_is_in_the_file_and_nothing_else() -> None:
    services = {path.parent.name for path in _SOURCES.glob("services/*/__main__.py")}
    assert set(APPLICATIONS) == services, f"[applications.…] of {_FILE} and src/python/services"


@pytest.mark.parametrize("application", APPLICATIONS)
def test_the_file_says_whom_each_calls(application: str) -> None:
    said = sorted(APPLICATIONS[application].get("calls", []))
    made = used(_CALLED, sources_of(application))
    assert said == made, f"applications.{application}.calls of {_FILE}, and the stubs it makes"


@pytest.mark.parametrize("application", APPLICATIONS)
def test_the_file_says_what_each_serves(application: str) -> None:
    said = sorted(APPLICATIONS[application].get("serves", []))
    added = used(_SERVED, sources_of(application))
    assert said == added, f"applications.{application}.serves of {_FILE}, and its servicers"


@pytest.mark.parametrize(
    "source",
    [
        "from tandem.shop.v1.stock_pb2_grpc import StockStub\nStockStub(channel)",
        "from tandem.shop.v1.stock_pb2_grpc import StockStub as S\nstub: T = S(channel)",
        "from tandem.shop.v1 import stock_pb2_grpc\nstock_pb2_grpc.StockStub(channel)",
        "import tandem.shop.v1.stock_pb2_grpc as of\nof.StockStub(channel)",
        "import tandem.shop.v1.stock_pb2_grpc\ntandem.shop.v1.stock_pb2_grpc.StockStub(channel)",
    ],
)
def test_a_stub_is_found_however_it_is_imported(source: str) -> None:
    assert used(_CALLED, [source]) == ["tandem.shop.v1.Stock"]


def test_a_stub_that_is_only_a_type_is_no_call() -> None:
    source = 'from tandem.shop.v1.stock_pb2_grpc import StockAsyncStub\ndef f(a: "S"): ...'
    assert used(_CALLED, [source, source.replace('"S"', "StockAsyncStub")]) == []
