"""Rows 56 to 69 of the catalogue: paths, methods, origins, health and metrics, over real HTTP."""

import json
from collections import Counter

import pytest

from router_core.api.app import PATHS
from router_core.security.permissions import PUBLIC
from tests.bad_input.conftest import Gate
from tests.bad_input.test_request_rows import GOOD, told, told_raw
from tests.support.raw_http import RawAnswer

FORMS = (
    "{path}/", "/{path}", "/.{path}", "/x/..{path}", "/%2e%2e{path}", "/x/%2e%2e{path}", "{upper}", "{path};a=b",
    "{path}%00", "{path}%2f", "{path}/.", "/%61pi{rest}", "{path}%20", "/api\\..{path}", "{path}#", "/api//{last}",
)  # fmt: skip


def _plainly(gate: Gate, method: str, target: str, *lines: str) -> RawAnswer:
    head = [f"{method} {target} HTTP/1.1", "Host: a", "Connection: close", "Content-Length: 0", *lines]
    return gate.raw("\r\n".join([*head, "", ""]).encode())


@pytest.mark.parametrize("form", FORMS)
def test_rows_56_and_57_no_form_of_a_path_gets_around_the_credentials(gate: Gate, form: str) -> None:
    statuses = set()
    for path, methods in PATHS.items():
        if "{" in path or not path.startswith("/api/"):
            continue
        target = form.format(path=path, upper=path.upper(), rest=path[4:], last=path[5:])
        for method, action in methods.items():
            if action.permission != PUBLIC:
                statuses.add(_plainly(gate, method, target).status)
    # Some forms are the path itself, others lead to the console's door.
    assert statuses <= {303, 400, 401, 404, 405}


@pytest.mark.parametrize("form", ["/api/llm/", "/api//llm", "/api/llm%2f", "/api/%2e%2e/api/llm", "/api/LLM"])
def test_row_56_another_form_of_a_path_is_no_such_path(gate: Gate, form: str) -> None:
    told(gate.http.post(form, headers=gate.headers(), content=GOOD), 404, "NOT_FOUND")


def test_row_56_another_method_is_405_and_says_which_is_taken(gate: Gate) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "GET"):
        answer = gate.http.request(method, "/api/llm", headers=gate.headers())
        told(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "POST"
    for method in ("TRACE", "CONNECT"):
        told_raw(_plainly(gate, method, "/api/llm", f"Authorization: Bearer {gate.key}"), 405, "METHOD_NOT_ALLOWED")


def test_row_57_no_two_paths_lead_to_the_same_handler_with_different_rights() -> None:
    """A twin of a path is what fixes forget."""
    rights = Counter[object]()
    for handler, _ in {(action.handler, action.permission) for each in PATHS.values() for action in each.values()}:
        rights[handler] += 1
    assert max(rights.values()) == 1


@pytest.mark.parametrize(
    "path", ["/api/llm", "/api/llm/health", "/api/admin/keys", "/livez", "/auth/login", "/_stcore/health"]
)
@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_row_59_pages_of_other_origins_get_no_leave(gate: Gate, path: str, method: str) -> None:
    asked = {
        "origin": "https://evil.example", "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }  # fmt: skip
    answer = gate.http.request(method, path, headers=gate.headers(**asked))
    assert [name for name in answer.headers if name.startswith("access-control-")] == []


def test_row_62_health_says_how_it_is_and_nothing_that_helps_to_get_in(gate: Gate) -> None:
    answer = gate.http.get("/api/llm/health", headers=gate.elsewhere())
    assert answer.status_code in (200, 503)
    assert set(answer.json()) == {"healthy", "providers", "stats", "timestamp"}
    shown = {"provider", "healthy", "latency", "lastCheck", "error", "breaker"}
    assert all(set(each) == shown for each in answer.json()["providers"])
    assert not any(word in answer.text for word in ("http", "sk-", "127.0.0.1", "Traceback", "version"))


@pytest.mark.parametrize("query", ["provider=../../etc", "verbose=1", "verbose=1&verbose=2"])
def test_row_63_health_takes_no_parameters(gate: Gate, query: str) -> None:
    told(gate.http.get(f"/api/llm/health?{query}"), 400, "VALIDATION_ERROR")


def test_row_64_health_is_read_from_memory_with_a_body_without_and_often(gate: Gate) -> None:
    first = gate.http.get("/api/llm/health")
    head = gate.http.head("/api/llm/health")
    assert (head.status_code, head.content) == (first.status_code, b"")
    with_body = gate.http.request("GET", "/api/llm/health", content=b"x" * 1000)
    assert with_body.status_code == first.status_code
    assert {gate.http.get("/api/llm/health").status_code for _ in range(200)} == {first.status_code}


def test_row_65_metrics_are_for_heads(gate: Gate) -> None:
    told(gate.http.get("/api/llm/metrics"), 401, "UNAUTHORIZED")
    told(gate.http.get("/api/llm/metrics", headers=gate.headers()), 403, "FORBIDDEN")
    assert gate.manage("GET", "/api/llm/metrics").json()["success"] is True


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from=0001-01-01T00:00:00Z", "from=2026-01-01T00:00:00",
        "from=yesterday", "limit=-1", "limit=1000000000", "limit=1e3", "limit=%EF%BC%91", "cursor=../../etc",
        "account=%00", "text=" + "x" * 201, "status=good", "unknown=1", "limit=1&limit=2",
    ],
)  # fmt: skip
def test_row_66_a_query_that_makes_no_sense_is_400(gate: Gate, query: str) -> None:
    told(gate.manage("GET", f"/api/admin/audit?{query}"), 400, "VALIDATION_ERROR")


def test_row_66_ten_years_are_as_good_as_a_day(gate: Gate) -> None:
    wanted = "from=2020-01-01T00:00:00Z&to=2030-01-01T00:00:00Z&limit=1"
    assert gate.manage("GET", f"/api/admin/audit?{wanted}").status_code == 200


def test_row_68_metrics_are_reset_by_heads_with_a_post_as_often_as_they_like(gate: Gate) -> None:
    told(gate.http.post("/api/llm/metrics/reset", headers=gate.headers()), 403, "FORBIDDEN")
    told(gate.manage("GET", "/api/llm/metrics/reset"), 405, "METHOD_NOT_ALLOWED")
    cookie = {"cookie": "signalbox_session=made-up", "origin": "https://evil.example"}
    told(gate.http.post("/api/llm/metrics/reset", headers=cookie), 401, "UNAUTHORIZED")
    answers = [gate.manage("POST", "/api/llm/metrics/reset") for _ in range(2)]
    assert [json.loads(answer.text)["success"] for answer in answers] == [True, True]


def test_row_89_an_export_has_a_name_of_its_own_whatever_is_asked(gate: Gate) -> None:
    told(gate.manage("GET", '/api/admin/audit/export?filename=../../x%0d%0a"'), 400, "VALIDATION_ERROR")
    answer = gate.manage("GET", "/api/admin/audit/export?format=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="signalbox-audit.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
