"""Structured logs on standard output, a trace id in each entry."""

import logging
import sys
from collections.abc import Sequence

import structlog
from opentelemetry import trace
from structlog.types import EventDict, Processor, WrappedLogger

from chassis._settings import LogFormat, Settings

_LIBRARIES_SPEAK_FROM = logging.WARNING


def configure(service: str, settings: Settings) -> None:
    """Send the process's logs, its own and its libraries', to standard output in one format."""
    structlog.reset_defaults()
    shared = _shared_processors(service, settings.lane)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(settings.log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for library in ("asyncio", "uvicorn", "opentelemetry", "httpx"):
        logging.getLogger(library).setLevel(max(level, _LIBRARIES_SPEAK_FROM))


def _shared_processors(service: str, lane: str) -> Sequence[Processor]:
    def add_origin(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        event["lane"] = lane
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_origin,
        _add_trace,
    ]


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def _renderers(log_format: LogFormat) -> Sequence[Processor]:
    if log_format is LogFormat.CONSOLE:
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(sys.stdout.isatty(), exception_formatter=plain)]
    # A frame's local variables may hold a password: never write them.
    traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(traceback), structlog.processors.JSONRenderer()]
