"""Spans and measurements as a collector receives them, over real HTTP."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from router_core.telemetry.recorder import otlp_recorder
from router_core.types import Attempt, Decision
from tests.support.record_events import event

trace_service = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason="install the extra: telemetry"
)
metrics_service = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")


class Collector:
    """Keeps what is posted to it."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, bytes]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.posts.append((self.path, body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[Any]:
        found = []
        for path, body in self.posts:
            if path == "/v1/traces":
                request = trace_service.ExportTraceServiceRequest.FromString(body)
                found += [s for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]
        return found

    def metric_names(self) -> set[str]:
        names: set[str] = set()
        for path, body in self.posts:
            if path == "/v1/metrics":
                request = metrics_service.ExportMetricsServiceRequest.FromString(body)
                names |= {m.name for r in request.resource_metrics for s in r.scope_metrics for m in s.metrics}
        return names


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.stop()


def _attributes(span: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def test_a_request_with_a_failover_arrives_as_three_spans_and_its_measurements(collector: Collector) -> None:
    attempts = (
        Attempt(number=1, provider="row-a", model="gpt-4o", outcome="TIMEOUT", latency_ms=100.0, status=504),
        Attempt(
            number=2, provider="row-b", model="claude-haiku-4-5", outcome="success", latency_ms=200.0,
            started_ms=120.0, first_token_ms=50.0, reason="failover",
        ),
    )  # fmt: skip
    decision = Decision(use_case="draft", revision=1, estimated_input_tokens=1, considered=(), attempts=attempts)
    vendors = {"row-a": "openai", "row-b": "anthropic"}
    recorder = otlp_recorder(collector.url, vendors.get)
    recorder.record(event(1, decision=decision, latency_ms=330.0))
    recorder.close()
    spans = {each.name: each for each in collector.spans()}
    assert spans.keys() == {"route draft", "chat gpt-4o", "chat claude-haiku-4-5"}
    whole, failed, served = spans["route draft"], spans["chat gpt-4o"], spans["chat claude-haiku-4-5"]
    assert {failed.parent_span_id, served.parent_span_id} == {whole.span_id}
    assert (whole.end_time_unix_nano - whole.start_time_unix_nano) / 1e6 == pytest.approx(330, abs=0.01)
    assert (served.start_time_unix_nano - whole.start_time_unix_nano) / 1e6 == pytest.approx(120, abs=0.01)
    assert _attributes(failed)["error.type"] == "TIMEOUT"
    assert _attributes(served)["gen_ai.provider.name"] == "anthropic"
    assert _attributes(served)["gen_ai.usage.input_tokens"] == 100
    assert _attributes(whole)["signalbox.cost_nano_usd"] == 27_000
    assert {
        "gen_ai.client.operation.duration",
        "gen_ai.client.operation.time_to_first_chunk",
        "gen_ai.client.token.usage",
    } <= collector.metric_names()


def test_a_collector_that_is_away_costs_no_request(collector: Collector) -> None:
    collector.stop()
    others = set(threading.enumerate())
    recorder = otlp_recorder(collector.url, lambda _: None)
    for number in range(50):
        recorder.record(event(number))
    recorder.close()
    for each in set(threading.enumerate()) - others:
        each.join(30)
        assert not each.is_alive(), f"{each.name} would go on beside other tests"
