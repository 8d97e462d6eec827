"""Turns finished requests into spans and measurements; nothing of their content.

A request is a span, each call to a provider a client span in it, named and attributed as the GenAI semantic conventions
say (gen_ai.client.*). Exporting happens in threads of the SDK.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from router_core.types import Attempt, RequestEvent

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["TelemetryRecorder", "otlp_recorder"]

SCOPE: Final = "signalbox"
OPERATION: Final = "chat"
EXPORT_INTERVAL_MS: Final = 10_000
CLOSING_MS: Final = 3_000
# As the conventions advise for these two histograms.
_SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS: Final = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)

_log = logging.getLogger(__name__)


class TelemetryRecorder:
    """Writes spans and measurements of each event; a :class:`Recorder`. ``vendor_of`` names a provider row's vendor."""

    def __init__(
        self,
        tracers: "TracerProvider",
        meters: "MeterProvider",
        vendor_of: Callable[[str], str | None],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._tracer = tracers.get_tracer(SCOPE)
        meter = meters.get_meter(SCOPE)
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration", "s", explicit_bucket_boundaries_advisory=_SECONDS
        )
        self._first = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk", "s", explicit_bucket_boundaries_advisory=_SECONDS
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", explicit_bucket_boundaries_advisory=_TOKENS
        )
        self._vendor_of = vendor_of
        self._close = close

    def record(self, event: RequestEvent) -> None:
        """Write ``event`` down; returns at once and never raises."""
        try:
            self._trace(event)
            for attempt in event.decision.attempts:
                self._measure(event, attempt)
        except Exception as error:  # noqa: BLE001 - telemetry must not cost a request
            _log.warning("a request could not be told to OpenTelemetry: %s", type(error).__name__)

    def close(self) -> None:
        """Export what is left, for a few seconds at most."""
        self._close()

    def _trace(self, event: RequestEvent) -> None:
        from opentelemetry.trace import SpanKind, set_span_in_context

        end = event.timestamp
        start = end - timedelta(milliseconds=event.latency_ms)
        whole = self._tracer.start_span(
            f"route {event.use_case}", start_time=_nanos(start), kind=SpanKind.INTERNAL, attributes=_whole(event)
        )
        _judge(whole, event.error_code if event.status in ("error", "unknown") else None)
        inside = set_span_in_context(whole)
        for attempt in event.decision.attempts:
            begun = start + timedelta(milliseconds=attempt.started_ms)
            call = self._tracer.start_span(
                f"{OPERATION} {attempt.model}",
                context=inside,
                start_time=_nanos(begun),
                kind=SpanKind.CLIENT,
                attributes=self._call(event, attempt),
            )
            _judge(call, None if attempt.outcome in ("success", "cancelled") else attempt.outcome)
            call.end(_nanos(begun + timedelta(milliseconds=attempt.latency_ms)))
        whole.end(_nanos(end))

    def _measure(self, event: RequestEvent, attempt: Attempt) -> None:
        names = self._names(attempt)
        failed = {} if attempt.outcome in ("success", "cancelled") else {"error.type": attempt.outcome}
        self._duration.record(attempt.latency_ms / 1000, {**names, **failed})
        if attempt.first_token_ms is not None:
            self._first.record(attempt.first_token_ms / 1000, names)
        if attempt.outcome == "success":
            self._tokens.record(event.usage.prompt_tokens, {**names, "gen_ai.token.type": "input"})
            self._tokens.record(event.usage.completion_tokens, {**names, "gen_ai.token.type": "output"})

    def _names(self, attempt: Attempt) -> dict[str, Any]:
        return {
            "gen_ai.operation.name": OPERATION,
            "gen_ai.provider.name": self._vendor_of(attempt.provider) or attempt.provider,
            "gen_ai.request.model": attempt.model,
        }

    def _call(self, event: RequestEvent, attempt: Attempt) -> dict[str, Any]:
        found = {**self._names(attempt), "signalbox.provider": attempt.provider, "signalbox.reason": attempt.reason}
        if attempt.outcome == "success":
            found["gen_ai.usage.input_tokens"] = event.usage.prompt_tokens
            found["gen_ai.usage.output_tokens"] = event.usage.completion_tokens
        if attempt.status is not None:
            found["http.response.status_code"] = attempt.status
        return found


def otlp_recorder(endpoint: str, vendor_of: Callable[[str], str | None]) -> TelemetryRecorder:
    """Return a recorder that exports to ``endpoint`` by OTLP over HTTP.

    Raises ``ImportError`` when the extra ``telemetry`` is not installed.
    """
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from router_core.telemetry.direct_session import direct_session

    base = endpoint.rstrip("/")
    resource = Resource.create({"service.name": "signalbox"})
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    spans = OTLPSpanExporter(f"{base}/v1/traces", timeout=2, session=direct_session())
    tracers.add_span_processor(BatchSpanProcessor(spans))
    measures = OTLPMetricExporter(f"{base}/v1/metrics", timeout=2, session=direct_session())
    reader = PeriodicExportingMetricReader(measures, export_interval_millis=EXPORT_INTERVAL_MS)
    meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False)

    def close() -> None:
        tracers.force_flush(CLOSING_MS)
        tracers.shutdown()
        meters.shutdown(CLOSING_MS)

    return TelemetryRecorder(tracers, meters, vendor_of, close)


def _whole(event: RequestEvent) -> dict[str, Any]:
    found: dict[str, Any] = {
        "signalbox.request_id": event.request_id,
        "signalbox.use_case": event.use_case,
        "signalbox.status": event.status,
        "signalbox.cached": event.cached,
        "signalbox.streamed": event.streamed,
    }
    if event.account_id is not None:
        found["signalbox.account"] = event.account_id
    if event.cost is not None:
        found["signalbox.cost_nano_usd"] = event.cost
    return found


def _judge(span: Any, error: str | None) -> None:
    if error is not None:
        from opentelemetry.trace import Status, StatusCode

        span.set_attribute("error.type", error)
        span.set_status(Status(StatusCode.ERROR))


def _nanos(moment: Any) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000
