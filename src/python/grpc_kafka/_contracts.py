"""Contracts, where they are at hand: in a file of descriptors, or among importable modules."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from importlib.machinery import PathFinder
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError

from grpc_kafka.protocol import GrpcKafkaError


class ContractsError(GrpcKafkaError):
    """A file has no contracts, or what was asked for is in none; says what."""


def pool_of(descriptors: Path | None, method: str) -> descriptor_pool.DescriptorPool:
    """Where the contract of a method is looked up.

    Args:
        descriptors: a file with a `FileDescriptorSet`; None looks among importable modules, those
            of the package that is named like the method's.
        method: `/package.Service/Method`.

    Raises:
        ContractsError: the file is none.
    """
    if descriptors is None:
        _import_contracts(method.lstrip("/").rpartition("/")[0].rpartition(".")[0])
        return descriptor_pool.Default()
    pool = descriptor_pool.DescriptorPool()
    try:
        for file in _files_in(descriptors):
            pool.Add(file)
    except TypeError as error:
        raise ContractsError(f"{descriptors} is no set of descriptors: {error}") from error
    return pool


def methods_in(descriptors: Path | None, package: str) -> list[MethodDescriptor]:
    """All methods of a package and those within it, sorted by their names.

    Args:
        descriptors: as for `pool_of`.
        package: such as `shop` or `shop.v1`.

    Raises:
        ContractsError: the file is none.
    """
    pool = pool_of(descriptors, f"/{package}.any/any")
    files = [pool.FindFileByName(each) for each in _names_in(descriptors, package)]
    found = [
        method
        for file in files
        if f"{file.package}.".startswith(f"{package}.")
        for service in file.services_by_name.values()
        for method in service.methods
    ]
    return sorted(found, key=lambda method: method.full_name)


def _names_in(descriptors: Path | None, package: str) -> Iterable[str]:
    if descriptors is not None:
        return [file.name for file in _files_in(descriptors)]
    # Generated packages have no __init__.py, so that nothing but their folders lists them.
    modules = {
        ".".join((package, *module.relative_to(folder).with_suffix("").parts))
        for folder in map(Path, _folders_of(package))
        for module in folder.rglob("*_pb2.py")
    }
    return [importlib.import_module(module).DESCRIPTOR.name for module in sorted(modules)]


def _files_in(descriptors: Path) -> Iterable[descriptor_pb2.FileDescriptorProto]:
    try:
        read = descriptor_pb2.FileDescriptorSet.FromString(descriptors.read_bytes())
        return list(_in_order(read.file))
    except (OSError, DecodeError) as error:
        raise ContractsError(f"{descriptors} is no set of descriptors: {error}") from error


def _import_contracts(package: str) -> None:
    for module in pkgutil.iter_modules(_folders_of(package)):
        if module.name.endswith("_pb2"):
            importlib.import_module(f"{package}.{module.name}")


def _folders_of(package: str) -> list[str]:
    """Where the modules of a package are; nothing of it is run: whoever sent a request named it."""
    folders: list[str] | None = None
    for name in package.split("."):
        found = PathFinder.find_spec(name, folders) if name else None
        if found is None:
            return []
        folders = list(found.submodule_search_locations or ())
    return folders or []


def _in_order(
    files: Iterable[descriptor_pb2.FileDescriptorProto],
) -> Iterable[descriptor_pb2.FileDescriptorProto]:
    """Files behind those that they import."""
    waiting = {file.name: file for file in files}
    while waiting:
        ready = [each for each in waiting.values() if not waiting.keys() & set(each.dependency)]
        if not ready:
            raise ContractsError("the descriptors import each other")
        for file in ready:
            del waiting[file.name]
            yield file
