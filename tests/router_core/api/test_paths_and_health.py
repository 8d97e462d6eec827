"""Paths that exist, paths that do not, request ids and the health answers."""

import httpx2
import pytest

from router_core.api.app import ApiApplication, ApiDeps
from router_core.api.endpoint import Action
from router_core.api.health import report_life
from router_core.ports import ProviderHealth
from tests.support.api_server import ApiRig


@pytest.mark.parametrize("path", ["/api", "/api/llm/", "/api//llm", "/api/%2e%2e/api/llm", "/api/llm%2f"])
def test_an_unknown_path_is_404_in_json(path: str, rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.post(path, json={"prompt": "x"}, headers=rig.bearer())
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert rig.router.requests == []


def test_another_method_is_405_and_says_which_is_taken(http: httpx2.Client, rig: ApiRig) -> None:
    answer = http.delete("/api/llm")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "POST"
    assert http.post("/api/llm/health").headers["allow"] == "GET, HEAD"


SECRETS = ["sk-proj-Ab12Cd34Ef56Gh78Ij90", "sbx_01hzx3k5d394dbee_Ab12Cd34Ef56"]


@pytest.mark.parametrize("bad", ["<script>", "x" * 129, "a b", *SECRETS])
def test_a_harmful_request_id_is_replaced(bad: str, http: httpx2.Client, rig: ApiRig) -> None:
    assert http.get("/livez", headers={"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
    assert http.get("/livez", headers={"x-request-id": bad}).headers["x-request-id"] != bad


def _provider(name: str, healthy: bool | None) -> ProviderHealth:
    return ProviderHealth(
        provider=name, healthy=healthy, latency_ms=149.6, last_check=None, error=None, breaker="CLOSED"
    )


def test_health_is_503_as_soon_as_one_provider_is_not_healthy(http: httpx2.Client, rig: ApiRig) -> None:
    rig.board.rows = [_provider("a", True), _provider("b", None)]
    first = http.get("/api/llm/health")
    assert (first.status_code, first.json()["stats"]["healthPercentage"]) == (200, "100.0%")
    assert first.json()["providers"][0]["latency"] == "150ms"
    rig.board.rows.append(_provider("c", False))
    second = http.get("/api/llm/health")
    assert (second.status_code, second.json()["healthy"], second.json()["stats"]["unhealthy"]) == (503, False, 1)


@pytest.mark.parametrize(
    "query", ["provider=../../etc", "provider=b", "verbose=1", "x=%00&x=<script>", "%ff=%fe", "q=" + "x" * 8000]
)
def test_health_takes_no_parameters_and_shows_none(query: str, http: httpx2.Client, rig: ApiRig) -> None:
    rig.board.rows = [_provider("a", True), _provider("b", True)]
    asked = http.get(f"/api/llm/health?{query}")
    assert (asked.status_code, asked.json()["error"]["message"]) == (400, "unknown parameter")
    assert "<script>" not in asked.text


def test_readiness_follows_the_process(http: httpx2.Client, rig: ApiRig) -> None:
    assert http.get("/readyz").status_code == 200
    rig.state["ready"] = False
    assert http.get("/readyz").status_code == 503
    assert http.get("/livez").status_code == 200


def test_a_route_without_a_declared_permission_is_refused_when_the_routes_are_built() -> None:
    def nothing() -> ApiDeps:
        raise AssertionError("not needed to build routes")

    with pytest.raises(ValueError, match="not declared"):
        ApiApplication(nothing, {"/api/x": {"GET": Action("nobody.knows", report_life)}})


def test_the_description_names_every_field_of_a_request(http: httpx2.Client, rig: ApiRig) -> None:
    schemas = http.get("/api/openapi.json").json()["components"]["schemas"]
    assert {"useCase", "prompt", "messages", "streamProtocol"} <= schemas["LLMRequest"]["properties"].keys()
