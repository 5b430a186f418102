"""Dependencies of generated code on the type stubs of the libraries it imports.

Pants infers ``protobuf`` and ``grpcio`` themselves. Their types are packages of their own; without
them mypy sees ``Any`` in every generated class whenever no other checked module happens to import
those libraries.
"""

from __future__ import annotations

from pants.backend.codegen.protobuf.python.python_protobuf_subsystem import (
    PythonProtobufDependenciesInferenceFieldSet,
)
from pants.backend.python.dependency_inference.module_mapper import (
    ModuleProviderType,
    ThirdPartyPythonModuleMapping,
)
from pants.backend.python.subsystems.setup import PythonSetup
from pants.engine.rules import collect_rules, rule
from pants.engine.target import InferDependenciesRequest, InferredDependencies
from pants.engine.unions import UnionRule


class InferTypeStubs(InferDependenciesRequest):
    """Asks which type stubs the code generated from a ``.proto`` file needs."""

    infer_from = PythonProtobufDependenciesInferenceFieldSet


@rule
async def infer_type_stubs(
    request: InferTypeStubs, python: PythonSetup, modules: ThirdPartyPythonModuleMapping
) -> InferredDependencies:
    """Return the requirements that type ``google.protobuf`` and, where it is used, ``grpc``."""
    resolve = request.field_set.python_resolve.normalized_value(python)
    imported = ("google.protobuf", *(("grpc",) if request.field_set.grpc_toggle.value else ()))
    return InferredDependencies(
        provider.provider.addr
        for module in imported
        for provider in modules.providers_for_module(module, resolve=resolve)
        if provider.provider.typ == ModuleProviderType.TYPE_STUB
    )


def rules() -> list[object]:
    """Return the rules of this module."""
    return [*collect_rules(), UnionRule(InferDependenciesRequest, InferTypeStubs)]
