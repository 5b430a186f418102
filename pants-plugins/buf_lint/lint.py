"""Linting of ``.proto`` files by buf, as the root's ``buf.yaml`` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pants.backend.codegen.protobuf.target_types import ProtobufSourceField
from pants.backend.python.subsystems.python_tool_base import PythonToolBase
from pants.backend.python.target_types import ConsoleScript
from pants.backend.python.util_rules.pex import PexRequest, VenvPex, VenvPexProcess
from pants.core.goals.lint import LintResult, LintTargetsRequest
from pants.core.util_rules.config_files import ConfigFiles, ConfigFilesRequest
from pants.core.util_rules.partitions import PartitionerType
from pants.core.util_rules.source_files import SourceFiles, SourceFilesRequest
from pants.engine.fs import Digest, MergeDigests
from pants.engine.process import FallibleProcessResult
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import FieldSet, TransitiveTargets, TransitiveTargetsRequest
from pants.option.option_types import SkipOption
from pants.util.logging import LogLevel
from pants.util.strutil import pluralize

SETTINGS = ConfigFilesRequest(discovery=True, check_existence=("buf.yaml", "buf.lock"))


class Buf(PythonToolBase):
    """Buf, installed from its wheel."""

    options_scope = "buf"
    name = "buf lint"
    help = "The linter of .proto files, from the wheel buf-bin."
    default_version = "buf-bin"
    default_requirements = ("buf-bin",)
    default_main = ConsoleScript("buf")
    default_lockfile_resource = ("buf_lint", "buf.lock")
    register_interpreter_constraints = True
    register_lockfile = True

    skip = SkipOption("lint")


@dataclass(frozen=True)
class BufFieldSet(FieldSet):
    """A ``.proto`` file."""

    required_fields = (ProtobufSourceField,)

    source: ProtobufSourceField


class BufLintRequest(LintTargetsRequest):
    """Asks for buf's opinion of ``.proto`` files."""

    field_set_type = BufFieldSet
    tool_subsystem = Buf
    partitioner_type = PartitionerType.DEFAULT_SINGLE_PARTITION


def lint_arguments(files: tuple[str, ...]) -> tuple[str, ...]:
    """Return buf's arguments: read the whole module, but complain about ``files`` alone."""
    return ("lint", *(f"--path={file}" for file in files))


@rule(desc="Lint with buf", level=LogLevel.DEBUG)
async def run_buf_lint(request: BufLintRequest.Batch[BufFieldSet, Any], buf: Buf) -> LintResult:
    """Run ``buf lint`` on a batch of files, beside the files that they import."""
    closure = await Get(
        TransitiveTargets, TransitiveTargetsRequest(fs.address for fs in request.elements)
    )
    own, everything, program, settings = await MultiGet(
        Get(SourceFiles, SourceFilesRequest(fs.source for fs in request.elements)),
        Get(
            SourceFiles,
            SourceFilesRequest(
                target[ProtobufSourceField]
                for target in closure.closure
                if target.has_field(ProtobufSourceField)
            ),
        ),
        Get(VenvPex, PexRequest, buf.to_pex_request()),
        Get(ConfigFiles, ConfigFilesRequest, SETTINGS),
    )
    inputs = await Get(Digest, MergeDigests((everything.snapshot.digest, settings.snapshot.digest)))
    result = await Get(
        FallibleProcessResult,
        VenvPexProcess(
            program,
            argv=lint_arguments(own.snapshot.files),
            input_digest=inputs,
            # buf keeps a cache below the home directory, and insists on knowing where.
            extra_env={"HOME": ".", "BUF_CACHE_DIR": ".buf-cache"},
            description=f"Lint {pluralize(len(own.snapshot.files), 'file')} with buf",
            level=LogLevel.DEBUG,
        ),
    )
    return LintResult.create(request, result)


def rules() -> list[object]:
    """Return the rules of this module."""
    return [*collect_rules(), *BufLintRequest.rules()]
