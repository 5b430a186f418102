"""A log entry for every RPC that was served."""

import structlog

from chassis._served import Ended

_log = structlog.get_logger()


def write(ended: Ended) -> None:
    """Write method, status and duration of a call; never a message or its metadata."""
    _log.info(
        "rpc served", method=ended.method, code=ended.code.name, seconds=round(ended.seconds, 6)
    )
