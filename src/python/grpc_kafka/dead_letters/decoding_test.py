from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf import descriptor_pb2, timestamp_pb2

from grpc_kafka._contracts import ContractsError, pool_of
from grpc_kafka.dead_letters._decoding import text_of

if TYPE_CHECKING:
    from pathlib import Path

_METHOD = "/shop.v1.Store/Get"


def _contract(folder: Path) -> Path:
    """A set of descriptors whose second file is imported by the first."""
    timestamp = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(timestamp)
    store = descriptor_pb2.FileDescriptorProto(
        name="shop/v1/store.proto",
        package="shop.v1",
        syntax="proto3",
        dependency=[timestamp.name],
    )
    method = store.service.add(name="Store").method.add(name="Get")
    method.input_type = method.output_type = ".google.protobuf.Timestamp"
    written = folder / "contracts.binpb"
    files = descriptor_pb2.FileDescriptorSet(file=[store, timestamp])
    written.write_bytes(files.SerializeToString())
    return written


def test_a_request_is_decoded_by_the_contract_in_a_file(tmp_path: Path) -> None:
    pool = pool_of(_contract(tmp_path), _METHOD)
    message = timestamp_pb2.Timestamp(seconds=7).SerializeToString()
    assert text_of(message, _METHOD, pool) == "seconds: 7\n"
    assert text_of(b"\xff", _METHOD, pool) is None
    assert text_of(message, "/shop.v1.Store/Other", pool) is None
    assert text_of(message, "/shop.v1.Other/Get", pool) is None
    assert text_of(message, "", pool) is None


def test_a_contract_that_is_not_at_hand_is_no_error() -> None:
    assert text_of(b"", _METHOD, pool_of(None, _METHOD)) is None
    assert text_of(b"", "", pool_of(None, "")) is None


def test_a_contract_is_imported_by_the_name_of_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = descriptor_pb2.FileDescriptorProto(
        name="dead_letters_shop/v1/store.proto", package="dead_letters_shop.v1"
    )
    contract.message_type.add(name="Order")
    method = contract.service.add(name="Store").method.add(name="Get")
    method.input_type = method.output_type = ".dead_letters_shop.v1.Order"
    package = tmp_path / "dead_letters_shop" / "v1"
    package.mkdir(parents=True)
    (package / "store_pb2.py").write_text(
        "from google.protobuf import descriptor_pool\n"
        f"descriptor_pool.Default().AddSerializedFile({contract.SerializeToString()!r})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    path = "/dead_letters_shop.v1.Store/Get"
    assert text_of(b"", path, pool_of(None, path)) == ""


@pytest.mark.parametrize("package", ["dead_letters_trap", "dead_letters_trap.v1", "..v1", "."])
def test_what_a_request_names_is_not_run_unless_it_is_a_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    (tmp_path / "dead_letters_trap").mkdir()
    (tmp_path / "dead_letters_trap" / "__init__.py").write_text("raise SystemExit\n")
    monkeypatch.syspath_prepend(tmp_path)
    path = f"/{package}.Store/Get"
    assert text_of(b"", path, pool_of(None, path)) is None


@pytest.mark.parametrize("content", [b"\xff\xff", None])
def test_a_file_that_is_no_set_of_descriptors_is_named(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "contracts.binpb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ContractsError, match=r"contracts\.binpb is no set of descriptors"):
        pool_of(path, _METHOD)


def test_a_file_that_lacks_what_it_imports_is_named(tmp_path: Path) -> None:
    path = tmp_path / "contracts.binpb"
    lonely = descriptor_pb2.FileDescriptorProto(name="a.proto", dependency=["b.proto"])
    path.write_bytes(descriptor_pb2.FileDescriptorSet(file=[lonely]).SerializeToString())
    with pytest.raises(ContractsError, match="is no set of descriptors"):
        pool_of(path, _METHOD)
