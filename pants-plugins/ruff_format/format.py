"""Formatting of Python by ``ruff format``, with the ruff and the settings that also lint."""

from __future__ import annotations

from pants.backend.python.lint.ruff.subsystem import Ruff, RuffFieldSet
from pants.backend.python.util_rules.pex import PexRequest, VenvPex, VenvPexProcess
from pants.core.goals.fmt import FmtResult, FmtTargetsRequest
from pants.core.util_rules.config_files import ConfigFiles, ConfigFilesRequest
from pants.core.util_rules.partitions import PartitionerType
from pants.engine.fs import Digest, MergeDigests
from pants.engine.process import ProcessResult
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.util.logging import LogLevel
from pants.util.meta import classproperty
from pants.util.strutil import pluralize


class RuffFormatRequest(FmtTargetsRequest):
    """Asks for the files of Python targets, formatted."""

    field_set_type = RuffFieldSet
    tool_subsystem = Ruff
    partitioner_type = PartitionerType.DEFAULT_SINGLE_PARTITION

    @classproperty
    def tool_name(self) -> str:
        """Return the name seen in the output of ``fmt`` and ``lint``."""
        return "ruff format"

    @classproperty
    def tool_id(self) -> str:
        """Return the name that is unique among all tools."""
        return "ruff-format"


@rule(desc="Format with ruff", level=LogLevel.DEBUG)
async def ruff_format(request: RuffFormatRequest.Batch, ruff: Ruff) -> FmtResult:
    """Run ``ruff format`` on a batch of files."""
    program, settings = await MultiGet(
        Get(VenvPex, PexRequest, ruff.to_pex_request()),
        Get(ConfigFiles, ConfigFilesRequest, ruff.config_request(request.snapshot.dirs)),
    )
    inputs = await Get(Digest, MergeDigests((request.snapshot.digest, settings.snapshot.digest)))
    result = await Get(
        ProcessResult,
        VenvPexProcess(
            program,
            argv=("format", "--no-cache", *request.files),
            input_digest=inputs,
            output_files=request.files,
            description=f"Format {pluralize(len(request.files), 'file')} with ruff",
            level=LogLevel.DEBUG,
        ),
    )
    return await FmtResult.create(request, result)


def rules() -> list[object]:
    """Return the rules of this module."""
    return [*collect_rules(), *RuffFormatRequest.rules()]
