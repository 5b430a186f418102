"""Generation of Python from one ``.proto`` target."""

from __future__ import annotations

from pants.backend.codegen.protobuf.target_types import ProtobufGrpcToggleField, ProtobufSourceField
from pants.backend.python.target_types import PythonSourceField
from pants.backend.python.util_rules import pex
from pants.backend.python.util_rules.pex import PexRequest, VenvPex, VenvPexProcess, VenvPexRequest
from pants.backend.python.util_rules.pex_environment import PexEnvironment
from pants.core.util_rules.source_files import SourceFilesRequest
from pants.core.util_rules.stripped_source_files import StrippedSourceFiles
from pants.engine.fs import (
    AddPrefix,
    CreateDigest,
    Digest,
    Directory,
    MergeDigests,
    RemovePrefix,
    Snapshot,
)
from pants.engine.process import ProcessResult
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import (
    GeneratedSources,
    GenerateSourcesRequest,
    Target,
    TransitiveTargets,
    TransitiveTargetsRequest,
)
from pants.engine.unions import UnionRule
from pants.source.source_root import SourceRoot, SourceRootRequest
from pants.util.logging import LogLevel

from grpc_codegen.tools import GrpcioTools, StubTypes

OUTPUT = "_generated"
STUB_TYPES_SCRIPT = "protoc-gen-mypy_grpc"


class GeneratePythonFromProtobufRequest(GenerateSourcesRequest):
    """Asks for the Python of a ``.proto`` file."""

    input = ProtobufSourceField
    output = PythonSourceField


def protoc_arguments(stub_types: str | None, files: tuple[str, ...]) -> tuple[str, ...]:
    """Return protoc's arguments for ``files``; gRPC stubs come with ``stub_types``, a program."""
    messages = ("-I.", f"--python_out={OUTPUT}", f"--pyi_out={OUTPUT}")
    if stub_types is None:
        return (*messages, *files)
    return (
        *messages,
        f"--grpc_python_out={OUTPUT}",
        f"--plugin={STUB_TYPES_SCRIPT}={stub_types}",
        f"--mypy_grpc_out={OUTPUT}",
        *files,
    )


def protobuf_sources(targets: TransitiveTargets) -> SourceFilesRequest:
    """Return a request for all ``.proto`` files of ``targets``: protoc reads imported ones too."""
    return SourceFilesRequest(
        target[ProtobufSourceField]
        for target in targets.closure
        if target.has_field(ProtobufSourceField)
    )


async def _stub_types_program(
    target: Target, tool: StubTypes, environment: PexEnvironment
) -> VenvPex | None:
    if not target.get(ProtobufGrpcToggleField).value:
        return None
    return await Get(
        VenvPex,
        VenvPexRequest(
            tool.to_pex_request(),
            environment.in_sandbox(working_directory=None),
            bin_names=(STUB_TYPES_SCRIPT,),
        ),
    )


@rule(desc="Generate Python from Protobuf", level=LogLevel.DEBUG)
async def generate_python_from_protobuf(
    request: GeneratePythonFromProtobufRequest,
    grpcio_tools: GrpcioTools,
    stub_types: StubTypes,
    pex_environment: PexEnvironment,
) -> GeneratedSources:
    """Run protoc on the target's file and put the result under the file's source root."""
    target = request.protocol_target
    closure = await Get(TransitiveTargets, TransitiveTargetsRequest([target.address]))
    protoc, everything, own, output, source_root = await MultiGet(
        Get(VenvPex, PexRequest, grpcio_tools.to_pex_request()),
        Get(StrippedSourceFiles, SourceFilesRequest, protobuf_sources(closure)),
        Get(StrippedSourceFiles, SourceFilesRequest([target[ProtobufSourceField]])),
        Get(Digest, CreateDigest([Directory(OUTPUT)])),
        Get(SourceRoot, SourceRootRequest, SourceRootRequest.for_target(target)),
    )
    types_program = await _stub_types_program(target, stub_types, pex_environment)
    program_digest = (types_program.digest,) if types_program else ()
    program_path = types_program.bin[STUB_TYPES_SCRIPT].argv0 if types_program else None
    inputs = await Get(Digest, MergeDigests((everything.snapshot.digest, output, *program_digest)))
    result = await Get(
        ProcessResult,
        VenvPexProcess(
            protoc,
            argv=protoc_arguments(program_path, own.snapshot.files),
            input_digest=inputs,
            output_directories=(OUTPUT,),
            description=f"Generate Python from {target.address}",
            level=LogLevel.DEBUG,
        ),
    )
    generated = await Get(Digest, RemovePrefix(result.output_digest, OUTPUT))
    return GeneratedSources(await Get(Snapshot, AddPrefix(generated, source_root.path)))


def rules() -> list[object]:
    """Return the rules of this module and those that it calls."""
    return [
        *collect_rules(),
        *pex.rules(),
        UnionRule(GenerateSourcesRequest, GeneratePythonFromProtobufRequest),
    ]
