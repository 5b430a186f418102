"""What this backend adds to Pants.

It takes the place of ``pants.backend.codegen.protobuf.python``, whose tools are not on PyPI. The
targets and the dependency inference remain Pants' own; with both backends enabled, generation would
be ambiguous.
"""

from pants.backend.codegen.protobuf import protobuf_dependency_inference
from pants.backend.codegen.protobuf import tailor as protobuf_tailor
from pants.backend.codegen.protobuf.python import (
    additional_fields,
    python_protobuf_module_mapper,
    python_protobuf_subsystem,
)
from pants.backend.codegen.protobuf.target_types import (
    ProtobufSourcesGeneratorTarget,
    ProtobufSourceTarget,
)
from pants.backend.codegen.protobuf.target_types import rules as protobuf_target_rules
from pants.backend.python.dependency_inference import module_mapper
from pants.core.util_rules import stripped_source_files
from pants.engine.target import Target

from grpc_codegen import generate, stub_inference


def rules() -> list[object]:
    """Return the rules of generation and of the inference that goes with it."""
    return [
        *generate.rules(),
        *stub_inference.rules(),
        *additional_fields.rules(),
        *python_protobuf_subsystem.rules(),
        *python_protobuf_module_mapper.rules(),
        *protobuf_dependency_inference.rules(),
        *protobuf_tailor.rules(),
        *protobuf_target_rules(),
        *module_mapper.rules(),
        *stripped_source_files.rules(),
    ]


def target_types() -> list[type[Target]]:
    """Return the targets that ``.proto`` files are declared with."""
    return [ProtobufSourcesGeneratorTarget, ProtobufSourceTarget]
