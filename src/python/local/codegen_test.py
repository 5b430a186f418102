from pathlib import Path

import pytest

from local.codegen import ContractError, generate

PROTO = 'syntax = "proto3";\npackage shop.v1;\nmessage %s { string name = 1; }\n'


@pytest.fixture
def protos(tmp_path: Path) -> Path:
    folder = tmp_path / "protos" / "shop" / "v1"
    folder.mkdir(parents=True)
    for name in ("order", "item"):
        (folder / f"{name}.proto").write_text(PROTO % name.capitalize())
    return tmp_path / "protos"


def names(changed: list[Path]) -> set[str]:
    return {path.name for path in changed}


def test_modules_are_written_only_where_their_text_changes(protos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "order_pb2.py" in names(generate(protos, out))
    assert generate(protos, out) == []
    (protos / "shop/v1/order.proto").write_text(PROTO % "Renamed")
    assert names(generate(protos, out)) == {"order_pb2.py"}
    (protos / "shop/v1/item.proto").unlink()
    assert "item_pb2.py" in names(generate(protos, out))
    assert not (out / "shop/v1/item_pb2.py").exists()


def test_contract_that_cannot_be_compiled_changes_nothing(protos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    generate(protos, out)
    before = (out / "shop/v1/order_pb2.py").read_text()
    (protos / "shop/v1/order.proto").write_text("message {")
    with pytest.raises(ContractError):
        generate(protos, out)
    assert (out / "shop/v1/order_pb2.py").read_text() == before
    assert not list(tmp_path.glob("codegen-*"))
