"""Checks, fixes and formats Python by ruff, all with the settings of ``pyproject.toml``.

``fmt`` also sorts imports, which ruff counts among its fixes.
"""

from __future__ import annotations

from typing import Any

from pants.backend.python.lint.ruff.subsystem import Ruff, RuffFieldSet
from pants.backend.python.util_rules.pex import PexRequest, VenvPex, VenvPexProcess
from pants.core.goals.fix import FixResult, FixTargetsRequest
from pants.core.goals.fmt import FmtResult, FmtTargetsRequest
from pants.core.goals.lint import LintResult, LintTargetsRequest
from pants.core.util_rules.config_files import ConfigFiles, ConfigFilesRequest
from pants.core.util_rules.partitions import PartitionerType
from pants.core.util_rules.source_files import SourceFiles, SourceFilesRequest
from pants.engine.fs import Digest, MergeDigests
from pants.engine.internals.native_engine import Snapshot
from pants.engine.process import FallibleProcessResult, ProcessResult
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.util.logging import LogLevel
from pants.util.meta import classproperty
from pants.util.strutil import pluralize


class _Ruff:
    field_set_type = RuffFieldSet
    tool_subsystem = Ruff
    partitioner_type = PartitionerType.DEFAULT_SINGLE_PARTITION


class RuffLintRequest(_Ruff, LintTargetsRequest):
    """Asks for what ruff finds in Python targets."""

    @classproperty
    def tool_name(self) -> str:
        """Return the name seen in the output of ``lint``."""
        return "ruff"


class RuffFixRequest(_Ruff, FixTargetsRequest):
    """Asks for the files of Python targets, with what ruff can mend mended."""

    @classproperty
    def tool_name(self) -> str:
        """Return the name seen in the output of ``fix`` and ``lint``."""
        return "ruff fix"

    @classproperty
    def tool_id(self) -> str:
        """Return the name that is unique among all tools."""
        return "ruff-fix"


class RuffSortRequest(_Ruff, FmtTargetsRequest):
    """Asks for the files of Python targets, with their imports sorted."""

    @classproperty
    def tool_name(self) -> str:
        """Return the name seen in the output of ``fmt`` and ``lint``."""
        return "ruff sort"

    @classproperty
    def tool_id(self) -> str:
        """Return the name that is unique among all tools."""
        return "ruff-sort"


class RuffFormatRequest(_Ruff, FmtTargetsRequest):
    """Asks for the files of Python targets, formatted."""

    @classproperty
    def tool_name(self) -> str:
        """Return the name seen in the output of ``fmt`` and ``lint``."""
        return "ruff format"

    @classproperty
    def tool_id(self) -> str:
        """Return the name that is unique among all tools."""
        return "ruff-format"


async def _process(command: tuple[str, ...], snapshot: Snapshot, ruff: Ruff) -> VenvPexProcess:
    program, settings = await MultiGet(
        Get(VenvPex, PexRequest, ruff.to_pex_request()),
        Get(ConfigFiles, ConfigFilesRequest, ruff.config_request(snapshot.dirs)),
    )
    inputs = await Get(Digest, MergeDigests((snapshot.digest, settings.snapshot.digest)))
    return VenvPexProcess(
        program,
        argv=(*command, "--no-cache", *ruff.args, *snapshot.files),
        input_digest=inputs,
        output_files=snapshot.files,
        description=f"Run ruff {command[0]} on {pluralize(len(snapshot.files), 'file')}",
        level=LogLevel.DEBUG,
    )


@rule(desc="Lint with ruff", level=LogLevel.DEBUG)
async def ruff_lint(request: RuffLintRequest.Batch[RuffFieldSet, Any], ruff: Ruff) -> LintResult:
    """Run ``ruff check``."""
    sources = await Get(SourceFiles, SourceFilesRequest(each.source for each in request.elements))
    process = await _process(("check",), sources.snapshot, ruff)
    result = await Get(FallibleProcessResult, VenvPexProcess, process)
    return LintResult.create(request, result)


@rule(desc="Fix with ruff", level=LogLevel.DEBUG)
async def ruff_fix(request: RuffFixRequest.Batch, ruff: Ruff) -> FixResult:
    """Run ``ruff check --fix-only``; what it cannot mend is for ``lint`` to tell."""
    process = await _process(("check", "--fix-only"), request.snapshot, ruff)
    return await FixResult.create(request, await Get(ProcessResult, VenvPexProcess, process))


@rule(desc="Sort imports with ruff", level=LogLevel.DEBUG)
async def ruff_sort(request: RuffSortRequest.Batch, ruff: Ruff) -> FmtResult:
    """Run ``ruff check`` for imports alone."""
    command = ("check", "--fix-only", "--select=I")
    process = await _process(command, request.snapshot, ruff)
    return await FmtResult.create(request, await Get(ProcessResult, VenvPexProcess, process))


@rule(desc="Format with ruff", level=LogLevel.DEBUG)
async def ruff_format(request: RuffFormatRequest.Batch, ruff: Ruff) -> FmtResult:
    """Run ``ruff format``."""
    process = await _process(("format",), request.snapshot, ruff)
    return await FmtResult.create(request, await Get(ProcessResult, VenvPexProcess, process))


def rules() -> list[object]:
    """Return the rules of this module."""
    requests = (RuffLintRequest, RuffFixRequest, RuffSortRequest, RuffFormatRequest)
    return [*collect_rules(), *(each for request in requests for each in request.rules())]
