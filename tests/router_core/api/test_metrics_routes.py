"""Figures over real HTTP: as the original formats them, raw, and for Prometheus."""

import asyncio

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from router_core.clock import SystemClock
from tests.console.health_fakes import serving_node
from tests.support.api_server import ApiRig
from tests.support.record_events import event


@pytest.fixture(autouse=True)
def _counted(rig: ApiRig) -> None:
    now = SystemClock().utcnow()
    rig.desk.counted.__init__(now)  # type: ignore[misc]
    for number in range(4):
        rig.desk.counted.add(event(number, timestamp=now, latency_ms=150.0, cost=10_500_000))
    failed = {"status": "error", "error_code": "TIMEOUT", "cost": 0, "provider": "b"}
    rig.desk.counted.add(event(9, timestamp=now, **failed))


def _headers(rig: ApiRig) -> dict[str, str]:
    return {"x-api-key": rig.admin.reveal()}


@pytest.mark.parametrize("query", ["", "?window=5m", "?window=1h", "?window=24h", "?window=7d"])
def test_figures_are_formatted_as_the_original_does_and_raw(rig: ApiRig, http: httpx2.Client, query: str) -> None:
    answer = http.get(f"/api/llm/metrics{query}", headers=_headers(rig)).json()
    assert answer["success"] is True
    assert answer["metrics"] == [
        {
            "provider": "a", "requests": 4, "successRate": "100.00%", "avgLatency": "150ms", "totalTokens": "480",
            "totalCost": "$0.04", "avgCost": "$0.010500", "errors": 0,
        },
        {
            "provider": "b", "requests": 1, "successRate": "0.00%", "avgLatency": "0ms", "totalTokens": "120",
            "totalCost": "$0.00", "avgCost": "$0.000000", "errors": 1,
        },
    ]  # fmt: skip
    assert answer["aggregated"] == {
        "totalRequests": 5, "successRate": "80.00%", "avgLatency": "150ms", "totalCost": "$0.04",
    }  # fmt: skip
    assert answer["raw"]["aggregated"]["cost"] == 42_000_000
    assert answer["raw"]["aggregated"]["p95Ms"] == pytest.approx(150, rel=0.01)
    assert answer["raw"]["providers"]["b"]["errorsByCode"] == {"TIMEOUT": 1}
    assert answer["uptime"] == "0d 0h 0m"


def test_a_reset_counts_anew_and_is_on_record(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.post("/api/llm/metrics/reset", headers=_headers(rig))
    assert answer.json()["message"] == "Metrics reset successfully"
    assert http.get("/api/llm/metrics", headers=_headers(rig)).json()["metrics"] == []
    assert http.get("/api/llm/metrics?window=1h", headers=_headers(rig)).json()["aggregated"]["totalRequests"] == 5
    assert rig.desk.log.taken[-1].action == "metrics.reset"


def test_no_reset_without_a_record_of_it(rig: ApiRig, http: httpx2.Client) -> None:
    rig.desk.log.down = True
    assert http.post("/api/llm/metrics/reset", headers=_headers(rig)).status_code == 503
    rig.desk.log.down = False
    assert len(http.get("/api/llm/metrics", headers=_headers(rig)).json()["metrics"]) == 2


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/llm/metrics"), ("POST", "/api/llm/metrics/reset")])
def test_figures_are_for_heads_only(rig: ApiRig, http: httpx2.Client, method: str, path: str) -> None:
    assert http.request(method, path).status_code == 401
    assert http.request(method, path, headers={"x-api-key": rig.service.reveal()}).status_code == 403
    assert http.get("/api/llm/metrics/reset", headers=_headers(rig)).status_code == 405


@pytest.mark.parametrize("query", ["?window=2h", "?window=1h&window=1h", "?from=1"])
def test_a_wrong_window_is_refused(rig: ApiRig, http: httpx2.Client, query: str) -> None:
    assert http.get(f"/api/llm/metrics{query}", headers=_headers(rig)).status_code == 400


def test_prometheus_reads_what_is_exposed_to_this_machine(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.get("/metrics")
    assert answer.status_code == 200
    families = {each.name: each for each in text_string_to_metric_families(answer.text)}
    requests = {(s.labels["provider"], s.labels["status"]): s.value for s in families["signalbox_requests"].samples}
    assert requests == {("a", "success"): 4.0, ("b", "error"): 1.0}
    errors = families["signalbox_errors"].samples[0]
    assert (errors.labels["code"], errors.value) == ("TIMEOUT", 1.0)
    cost = sum(s.value for s in families["signalbox_cost_usd"].samples)
    assert cost == pytest.approx(0.042)
    buckets = [s for s in families["signalbox_request_duration_seconds"].samples if s.name.endswith("_bucket")]
    assert [s.value for s in buckets] == sorted(s.value for s in buckets)
    assert {s.labels["le"]: s.value for s in buckets}["0.25"] == 4.0
    assert families["signalbox_in_flight_requests"].samples[0].value == 3.0
    assert families["signalbox_journal_pending_events"].samples[0].value == 2.0
    assert families["signalbox_config_revision"].samples[0].value >= 1.0


@pytest.mark.parametrize("host", ["localhost", "localhost:8501", "127.0.0.1:8501", "[::1]:8501", "[::1]"])
def test_prometheus_may_ask_by_every_name_of_this_machine(host: str, rig: ApiRig, http: httpx2.Client) -> None:
    assert http.get("/metrics", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["rebound.example", "localhost.evil.example", "10.0.0.1", "[::1", "127.0.0.1.evil"])
def test_a_page_that_took_this_machines_address_sees_no_metrics(host: str, rig: ApiRig, http: httpx2.Client) -> None:
    assert http.get("/metrics", headers={"host": host}).status_code == 401


def test_gauges_are_those_of_every_process_by_name(rig: ApiRig, http: httpx2.Client) -> None:
    for name, load in (("host:8080/1", 2), ("host:8080/2", 5)):
        asyncio.run(rig.nodes.beat(serving_node(name, in_flight=load, pending=load).node))
    try:
        families = {each.name: each for each in text_string_to_metric_families(http.get("/metrics").text)}
        found = {s.labels["node"]: s.value for s in families["signalbox_in_flight_requests"].samples}
        assert found == {"host:8080/1": 2.0, "host:8080/2": 5.0}
        listed = http.get("/api/admin/nodes", headers=_headers(rig)).json()["nodes"]
        assert [(each["node"]["name"], each["node"]["inFlight"], each["state"]) for each in listed] == [
            ("host:8080/1", 2, "serving"),
            ("host:8080/2", 5, "serving"),
        ]
        assert http.get("/api/admin/nodes", headers={"x-api-key": rig.service.reveal()}).status_code == 403
    finally:
        for name in ("host:8080/1", "host:8080/2"):
            asyncio.run(rig.nodes.leave(name))


def test_counters_do_not_go_back_at_a_reset(rig: ApiRig, http: httpx2.Client) -> None:
    before = http.get("/metrics").text
    http.post("/api/llm/metrics/reset", headers=_headers(rig))
    counters = [line for line in before.splitlines() if line.startswith("signalbox_requests_total")]
    after = http.get("/metrics").text
    assert counters
    assert all(line in after for line in counters)


def test_of_too_many_label_sets_the_first_stay_and_no_counter_goes_back(rig: ApiRig, http: httpx2.Client) -> None:
    """A late model that becomes the busiest of all must not push another one out: its counter would vanish."""
    now = SystemClock().utcnow()
    for number in range(600):
        rig.desk.counted.add(event(1_000 + number, timestamp=now, model=f"model-{number:03}"))
    before = _requests_by_model(http)
    for number in range(50):
        rig.desk.counted.add(event(5_000 + number, timestamp=now, model="a-late-one"))
    after = _requests_by_model(http)
    assert before.keys() == after.keys()
    assert len(before) == 500  # Two of the 500 label sets share a model, and "other" is one more.
    assert after["other"] == before["other"] + 50
    assert sum(after.values()) == sum(before.values()) + 50


def _requests_by_model(http: httpx2.Client) -> dict[str, float]:
    (family,) = (
        each for each in text_string_to_metric_families(http.get("/metrics").text) if each.name == "signalbox_requests"
    )
    found: dict[str, float] = {}
    for sample in family.samples:
        model = sample.labels["model"]
        found[model] = found.get(model, 0) + sample.value
    return found
