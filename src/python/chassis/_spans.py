"""Finished spans on their way to a collector, over OTLP/HTTP; no call ever waits for it.

Imported only where spans are sent: the exporter and its HTTP client take 0.1 s of the start.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence

import structlog
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

TIMEOUT = 5.0
"""Seconds for one batch, with its repetitions."""

FLUSH = 3.0
"""Seconds that the last spans have at the stop."""

QUEUE = 4096
"""Spans that wait in memory, some 2 KiB each; past that the oldest are dropped."""

_BATCH = 512
_DELAY_MILLISECONDS = 1000
_COMPLAINS = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_COMPLAINS_OF_A_FULL_QUEUE = "opentelemetry.sdk._shared_internal"

_log = structlog.get_logger()


class Spans:
    """Sends spans in batches from a thread of its own, and drops what cannot be sent.

    Args:
        endpoint: Where the collector takes OTLP/HTTP: `http://host:4318`; the path is added.

    Attributes:
        processor: What the tracer gives its spans to.
    """

    def __init__(self, endpoint: str) -> None:
        self._exporter = _Exporter(endpoint)
        self.processor: SpanProcessor = BatchSpanProcessor(
            self._exporter,
            max_queue_size=QUEUE,
            max_export_batch_size=_BATCH,
            schedule_delay_millis=_DELAY_MILLISECONDS,
        )
        # The exporter tells of its first failure; a full queue is the same once more.
        logging.getLogger(_COMPLAINS_OF_A_FULL_QUEUE).setLevel(logging.CRITICAL)

    @property
    def sent(self) -> int:
        """How many spans the collector took."""
        return self._exporter.sent

    @property
    def failed(self) -> int:
        """How many it did not take in time; those that a full queue dropped are not among them."""
        return self._exporter.failed

    async def close(self, grace: float) -> None:
        """Send what is left, within `grace` and `FLUSH` seconds; not to one that is away."""
        if not self._exporter.failing:
            await _within(min(grace, FLUSH), self.processor)
        self._exporter.abandon()


class _Exporter(SpanExporter):
    """The official exporter, which complains once when it begins to fail, not with each batch."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._inner = OTLPSpanExporter(
            f"{endpoint.rstrip('/')}/v1/traces", timeout=TIMEOUT, compression=Compression.Gzip
        )
        self._complaint = ""
        self._abandoned = False
        self.failing = False
        self.sent = 0
        self.failed = 0
        logging.getLogger(_COMPLAINS).addFilter(self._keep)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; runs on the processor's thread."""
        if self._abandoned:
            return SpanExportResult.FAILURE
        result = self._inner.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.sent += len(spans)
            self._succeed()
        else:
            self.failed += len(spans)
            self._fail()
        return result

    def shutdown(self) -> None:
        """Called by the processor when it has ended, or waited for too long."""
        self.abandon()

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002  # the interface
        """Nothing is kept here."""
        return True

    def abandon(self) -> None:
        """Send no more, and end the wait before a repetition."""
        if not self._abandoned:
            self._abandoned = True
            self._inner.shutdown()  # type: ignore[no-untyped-call]

    def _keep(self, record: logging.LogRecord) -> bool:
        self._complaint = record.getMessage()
        return False

    def _fail(self) -> None:
        if not self.failing and not self._abandoned:
            self.failing = True
            _log.warning("traces are lost", endpoint=self._endpoint, reason=self._complaint)

    def _succeed(self) -> None:
        if self.failing:
            self.failing = False
            _log.info("traces are sent again", endpoint=self._endpoint, lost_spans=self.failed)


async def _within(seconds: float, processor: SpanProcessor) -> None:
    """Shut it down on a thread that nobody has to wait for: it has a patience of its own."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def shut_down() -> None:
        processor.shutdown()
        try:
            loop.call_soon_threadsafe(ended.set)
        except RuntimeError:  # the loop did not wait
            return

    threading.Thread(target=shut_down, name="last-spans", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        _log.warning("traces are lost", reason=f"no answer within {seconds:g} s at the stop")
