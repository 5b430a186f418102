"""A request's message as text, where its contract is at hand."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf.message import DecodeError

from grpc_kafka.dead_letters._errors import DeadLettersError


def pool_of(descriptors: Path | None, method: str) -> descriptor_pool.DescriptorPool:
    """Where the contract of a method is looked up.

    Args:
        descriptors: a file with a `FileDescriptorSet`; None looks among importable modules, those
            of the package that is named like the method's.
        method: `/package.Service/Method`.

    Raises:
        DeadLettersError: the file is none.
    """
    if descriptors is None:
        _import_contracts(method.lstrip("/").rpartition("/")[0].rpartition(".")[0])
        return descriptor_pool.Default()
    pool = descriptor_pool.DescriptorPool()
    try:
        files = descriptor_pb2.FileDescriptorSet.FromString(descriptors.read_bytes()).file
        for file in _in_order(files):
            pool.Add(file)
    except (OSError, DecodeError, TypeError) as error:
        raise DeadLettersError(f"{descriptors} is no set of descriptors: {error}") from error
    return pool


def text_of(message: bytes, method: str, pool: descriptor_pool.DescriptorPool) -> str | None:
    """A request as text; None when its contract is not at hand, or it does not follow it."""
    service, _, name = method.lstrip("/").rpartition("/")
    try:
        found = pool.FindServiceByName(service).methods_by_name[name].input_type
        decoded = message_factory.GetMessageClass(found).FromString(message)
    except (KeyError, DecodeError):
        return None
    return text_format.MessageToString(decoded)


def _import_contracts(package: str) -> None:
    try:
        found = importlib.import_module(package) if package else None
    except ImportError:
        return
    for module in pkgutil.iter_modules(getattr(found, "__path__", ())):
        if module.name.endswith("_pb2"):
            importlib.import_module(f"{package}.{module.name}")


def _in_order(
    files: Iterable[descriptor_pb2.FileDescriptorProto],
) -> Iterable[descriptor_pb2.FileDescriptorProto]:
    """Files behind those that they import."""
    waiting = {file.name: file for file in files}
    while waiting:
        ready = [each for each in waiting.values() if not waiting.keys() & set(each.dependency)]
        if not ready:
            raise DeadLettersError("the descriptors import each other")
        for file in ready:
            del waiting[file.name]
            yield file
