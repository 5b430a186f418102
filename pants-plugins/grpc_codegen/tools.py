"""The generators, each installed from the lockfile that ``pants.toml`` names."""

from pants.backend.python.subsystems.python_tool_base import PythonToolBase
from pants.backend.python.target_types import ConsoleScript, EntryPoint


class GrpcioTools(PythonToolBase):
    """Protoc with the generators of messages, their types, and gRPC stubs, in one wheel."""

    options_scope = "grpcio-tools"
    name = "grpcio-tools"
    help = "protoc and the Python generators of protobuf and gRPC, from the wheel grpcio-tools."
    default_version = "grpcio-tools"
    default_requirements = ("grpcio-tools",)
    default_main = EntryPoint("grpc_tools.protoc")
    default_lockfile_resource = ("grpc_codegen", "grpcio-tools.lock")
    register_interpreter_constraints = True
    register_lockfile = True


class StubTypes(PythonToolBase):
    """The generator of types for gRPC stubs, blocking and ``grpc.aio`` alike."""

    options_scope = "grpc-stub-types"
    name = "mypy-protobuf"
    help = "The protoc plugin that writes type stubs of gRPC stubs, from the wheel mypy-protobuf."
    default_version = "mypy-protobuf"
    default_requirements = ("mypy-protobuf",)
    default_main = ConsoleScript("protoc-gen-mypy_grpc")
    default_lockfile_resource = ("grpc_codegen", "mypy-protobuf.lock")
    register_interpreter_constraints = True
    register_lockfile = True
