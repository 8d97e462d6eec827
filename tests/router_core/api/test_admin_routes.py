"""The operator's routes over real HTTP: who may, what they take, what they answer, what they refuse."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import msgspec
import pytest

from router_core.api.openapi import openapi_document
from router_core.monitor import DependencyMonitor
from router_core.types import DrillReport, HealthReport, UpstreamState
from tests.support.api_server import ApiRig
from tests.support.fake_clock import FakeClock

MINI, HAIKU = "openai-gpt4o-mini", "anthropic-claude-haiku-4-5"
FORCE = {"reason": "vendor incident", "durationS": 30}
ORDER = {"provider": HAIKU, "fault": "cut", "durationS": 60}
OPERATORS = frozenset({"owner", "admin", "operator"})
HEADS = frozenset({"owner", "admin"})
PEOPLE = ("owner", "admin", "operator", "prompt_engineer", "analyst", "viewer")

# method, path, body, whose it is
ROUTES: tuple[tuple[str, str, Any, frozenset[str]], ...] = (
    ("GET", "/api/admin/breakers", None, OPERATORS),
    ("POST", f"/api/admin/breakers/{MINI}/reset", {}, OPERATORS),
    ("POST", f"/api/admin/breakers/{MINI}/open", FORCE, OPERATORS),
    ("POST", f"/api/admin/breakers/{MINI}/close", FORCE, OPERATORS),
    ("GET", "/api/admin/drills", None, OPERATORS),
    ("POST", "/api/admin/drills", ORDER, OPERATORS),
    ("POST", "/api/admin/drills/{drill}/stop", None, OPERATORS),
    ("GET", "/api/admin/health", None, OPERATORS),
    ("GET", "/api/admin/dependencies", None, OPERATORS),
    ("GET", "/api/admin/actions", None, OPERATORS),
    ("GET", "/api/admin/stats", None, OPERATORS),
    ("GET", "/api/admin/retention", None, HEADS | {"analyst"}),
    ("GET", "/api/admin/use-cases", None, HEADS),
    ("PUT", "/api/admin/use-cases/draft/policy", {"hedge": True}, HEADS),
    ("DELETE", "/api/admin/use-cases/draft/policy", None, HEADS),
)

Send = Callable[..., httpx2.Response]


@pytest.fixture(autouse=True)
def _fresh_desk(rig: ApiRig) -> Iterator[None]:
    yield
    rig.desk.log.down = False
    rig.desk.board.end_all()
    for upstream in rig.desk.upstreams.all():
        upstream.reset(actor="test")


@pytest.fixture
def send(rig: ApiRig, http: httpx2.Client) -> Send:
    """Send a request with the admin key."""

    def send(method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return http.request(method, path, json=body, headers={"x-api-key": rig.admin.reveal(), **headers})

    return send


def _as_person(rig: ApiRig, role: str) -> dict[str, str]:
    token = rig.sessions[role].token.reveal()  # type: ignore[index]
    return {"cookie": f"signalbox_session={token}", "origin": rig.url}


def _error(answer: httpx2.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    return error


# --- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path", "body", "allowed"), ROUTES)
def test_each_role_reaches_its_routes_and_no_others(
    method: str, path: str, body: Any, allowed: frozenset[str], rig: ApiRig, http: httpx2.Client, send: Send
) -> None:
    statuses = {}
    for role in PEOPLE:
        rig.desk.board.end_all()
        drill = send("POST", "/api/admin/drills", {"provider": MINI, "fault": "cut"}).json()["id"]
        answer = http.request(method, path.replace("{drill}", drill), json=body, headers=_as_person(rig, role))
        statuses[role] = answer.status_code
    assert statuses == {role: 200 if role in allowed else 403 for role in PEOPLE}


@pytest.mark.parametrize(("method", "path", "body", "allowed"), ROUTES)
def test_keys_need_the_role_admin_and_strangers_get_401(
    method: str, path: str, body: Any, allowed: frozenset[str], rig: ApiRig, http: httpx2.Client, send: Send
) -> None:
    drill = send("POST", "/api/admin/drills", {"provider": MINI, "fault": "cut"}).json()["id"]
    path = path.replace("{drill}", drill)
    assert http.request(method, path, json=body).status_code == 401
    service = {"x-api-key": rig.service.reveal()}
    assert http.request(method, path, json=body, headers=service).status_code == 403
    assert send(method, path, body).status_code == 200


@pytest.mark.parametrize(("method", "path", "body", "allowed"), [route for route in ROUTES if route[0] != "GET"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
    ids=["no origin", "foreign origin", "cross site", "same site"],
)
def test_a_session_acts_from_its_own_pages_only(
    method: str,
    path: str,
    body: Any,
    allowed: frozenset[str],
    headers: dict[str, str],
    rig: ApiRig,
    http: httpx2.Client,
) -> None:
    before = rig.desk.log.asked
    cookie = {"cookie": _as_person(rig, "owner")["cookie"]}
    assert http.request(method, path, json=body, headers=cookie | headers).status_code == 403
    assert rig.desk.log.asked == before


# --- paths ---------------------------------------------------------------------------------------------------------


def test_an_upstreams_id_is_one_segment_of_the_path_however_it_is_encoded(rig: ApiRig, send: Send) -> None:
    upstream = rig.desk.upstream(MINI).id
    assert ":" in upstream
    for written in (upstream, upstream.replace(":", "%3A"), upstream.replace(":", "%3a"), MINI.replace("g", "%67")):
        answer = send("POST", f"/api/admin/breakers/{written}/open", FORCE)
        assert (answer.status_code, answer.json()["id"]) == (200, upstream), written


@pytest.mark.parametrize(
    "path",
    [
        "/api/admin/breakers/{id}%253A/open",
        "/api/admin/breakers/{id}/open/",
        "/api/admin/breakers//open",
        "/api/admin/breakers/%2e%2e/open",
        "/api/admin/breakers/{id}%00/open",
        "/api/admin/breakers/%ff/open",
        "/api/admin/breakers/x/{id}/open",
        "/api/admin/breakers/x%2F..%2F{id}/open",
        "/api/admin/breakers/{id}/OPEN",
        "/api/admin/breakers/%7Bid%7D/open",
        "/api/admin/breakers/" + "x" * 201 + "/open",
        "/api/admin/breakers/nobody/open",
        "/api/admin/breakers/{id}/delete",
        "/api/admin",
    ],
)
def test_every_other_path_is_not_found(path: str, rig: ApiRig, send: Send) -> None:
    answer = send("POST", path.replace("{id}", rig.desk.upstream(MINI).id), FORCE)
    assert (answer.status_code, _error(answer)["code"]) == (404, "NOT_FOUND")
    assert rig.desk.upstream(MINI).breaker.get_state().state == "CLOSED"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", f"/api/admin/breakers/{MINI}/reset", "POST"),
        ("DELETE", "/api/admin/drills", "GET, HEAD, POST"),
        ("POST", "/api/admin/use-cases/draft/policy", "DELETE, PUT"),
        ("POST", "/api/admin/health", "GET, HEAD"),
    ],
)
def test_another_method_is_not_allowed_and_the_answer_says_which_are(
    method: str, path: str, allow: str, send: Send
) -> None:
    answer = send(method, path)
    assert (answer.status_code, _error(answer)["code"], answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", allow)


# --- breakers ------------------------------------------------------------------------------------------------------


def test_breakers_are_listed_with_their_rows_and_the_answers_are_of_the_declared_type(rig: ApiRig, send: Send) -> None:
    rows = send("GET", "/api/admin/breakers").json()["upstreams"]
    assert [row["providers"] for row in rows] == [
        [MINI], ["openai-gpt4o"], [HAIKU], ["anthropic-claude-sonnet-4-5"],
    ]  # fmt: skip
    state = msgspec.convert(rows[0]["state"], UpstreamState)
    assert (state.id, state.breaker.state) == (rig.desk.upstream(MINI).id, "CLOSED")
    assert {"restingMs", "inFlight", "firstTokenP95Ms"} < set(rows[0]["state"])


def test_open_close_and_reset_do_what_they_say(rig: ApiRig, send: Send) -> None:
    opened = send("POST", f"/api/admin/breakers/{MINI}/open", FORCE).json()["breaker"]
    assert (opened["state"], opened["forced"]["reason"], opened["forced"]["actor"]) == (
        "OPEN", "vendor incident", "acme admin",
    )  # fmt: skip
    closed = send("POST", f"/api/admin/breakers/{MINI}/close", {"reason": "over", "durationS": None}).json()["breaker"]
    assert (closed["state"], closed["forced"]["until"]) == ("CLOSED", None)
    reset = send("POST", f"/api/admin/breakers/{MINI}/reset", {"reason": "all well"}).json()["breaker"]
    assert (reset["state"], reset["forced"]) == ("CLOSED", None)
    actions = send("GET", "/api/admin/actions?limit=3").json()["actions"]
    assert {each["action"] for each in actions} == {"breaker.forced_open", "breaker.forced_closed", "breaker.reset"}
    assert {each["actor"] for each in actions} == {"acme admin"}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (f"/api/admin/breakers/{MINI}/open", {}, "reason"),
        (f"/api/admin/breakers/{MINI}/open", {"reason": 1}, "reason"),
        (f"/api/admin/breakers/{MINI}/open", {"reason": "x", "seconds": 1}, "seconds"),
        (f"/api/admin/breakers/{MINI}/open", {"reason": "x", "durationS": "1"}, "durationS"),
        (f"/api/admin/breakers/{MINI}/open", {"reason": "x", "durationS": 0}, "durationS"),
        (f"/api/admin/breakers/{MINI}/reset", {"durationS": 5}, "durationS"),
        ("/api/admin/drills", {"fault": "cut"}, "provider"),
        ("/api/admin/drills", {**ORDER, "provider": "nobody"}, "provider"),
        ("/api/admin/drills", {**ORDER, "provider": ""}, "provider"),
        ("/api/admin/drills", {**ORDER, "fault": "earthquake"}, "fault"),
        ("/api/admin/drills", {**ORDER, "percent": 0}, "percent"),
        ("/api/admin/drills", {**ORDER, "durationS": 3601}, "durationS"),
        ("/api/admin/drills", {**ORDER, "durationS": 1.5}, "durationS"),
        ("/api/admin/drills", {**ORDER, "delayS": 61}, "delayS"),
        ("/api/admin/drills", {**ORDER, "duration_s": 5}, "duration_s"),
        ("/api/admin/drills", {**ORDER, "reason": "x" * 201}, "reason"),
    ],
)
def test_a_body_that_is_wrong_is_refused_with_its_field_named(path: str, body: Any, field: str, send: Send) -> None:
    answer = send("POST", path, body)
    error = _error(answer)
    assert (answer.status_code, error["code"], error["field"]) == (400, "VALIDATION_ERROR", field)
    assert "earthquake" not in answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"null", "application/json", 400),
        (b'{"reason":"x","reason":"y"}', "application/json", 400),
        (b'{"reason":"x","durationS":NaN}', "application/json", 400),
        (b'{"reason":"x"}', "text/plain", 415),
        (b'{"reason":"' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_what_is_no_small_plain_document_is_refused(
    content: bytes, kind: str, status: int, rig: ApiRig, http: httpx2.Client
) -> None:
    headers = {"x-api-key": rig.admin.reveal(), "content-type": kind}
    answer = http.post(f"/api/admin/breakers/{MINI}/open", content=content, headers=headers)
    assert answer.status_code == status


# --- drills --------------------------------------------------------------------------------------------------------


def test_a_drill_is_started_listed_and_stopped(send: Send) -> None:
    drill = send("POST", "/api/admin/drills", ORDER).json()
    assert (drill["order"]["provider"], drill["order"]["percent"], drill["stoppedAt"]) == (HAIKU, 100.0, None)
    (again,) = (_error(send("POST", "/api/admin/drills", ORDER)),)
    assert (again["code"], again["field"]) == ("VALIDATION_ERROR", "provider")
    report = msgspec.convert(send("GET", "/api/admin/drills").json()["drills"][0], DrillReport)
    assert (report.active, report.drill.id) == (True, drill["id"])
    stopped = send("POST", f"/api/admin/drills/{drill['id']}/stop").json()
    assert stopped["stoppedBy"] == "acme admin"
    assert send("POST", f"/api/admin/drills/{drill['id']}/stop", {}).json() == stopped
    assert send("GET", "/api/admin/drills").json()["drills"][0]["active"] is False


def test_stopping_what_is_not_there_is_404_and_a_stop_takes_no_body(send: Send) -> None:
    assert send("POST", "/api/admin/drills/01ARZ3NDEKTSV4RRFFQ69G5FAV/stop").status_code == 404
    assert send("POST", "/api/admin/drills/x/stop", {"force": True}).status_code == 400


# --- health, use cases, the log ------------------------------------------------------------------------------------


def test_the_board_is_shown_over_the_window_that_was_asked_for(rig: ApiRig, send: Send) -> None:
    assert msgspec.convert(send("GET", "/api/admin/health").json(), HealthReport).window == "1h"
    assert send("GET", "/api/admin/health?window=24h").json()["window"] == "24h"
    for query in ("window=2h", "window=1h&window=1h", "from=1", "window="):
        assert send("GET", f"/api/admin/health?{query}").status_code == 400


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "٣"])
def test_a_limit_that_makes_no_sense_is_refused(limit: str, send: Send) -> None:
    assert _error(send("GET", f"/api/admin/actions?limit={limit}"))["field"] == "limit"


def test_a_policy_is_replaced_as_a_whole_and_taken_back(send: Send) -> None:
    put = send("PUT", "/api/admin/use-cases/draft/policy", {"midStream": "resume", "idleS": 4})
    assert (put.status_code, put.json()["useCase"]) == (200, "draft")
    rows = {row["useCase"]: row for row in send("GET", "/api/admin/use-cases").json()["useCases"]}
    assert (rows["draft"]["policy"]["midStream"], rows["draft"]["isDefault"]) == ("resume", False)
    assert rows["voice"]["isDefault"] is True
    assert send("DELETE", "/api/admin/use-cases/draft/policy").status_code == 200
    assert all(row["isDefault"] for row in send("GET", "/api/admin/use-cases").json()["useCases"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"idleS": 0}, "idleS"),
        ({"firstTokenS": "4"}, "firstTokenS"),
        ({"minTokensPerS": -1}, "minTokensPerS"),
        ({"midStream": "pray"}, "midStream"),
        ({"hedgeAfterMs": 0}, "hedgeAfterMs"),
        ({"idle_s": 3}, "idle_s"),
        ({"strategy": "luck"}, "strategy"),
        ({"order": ["a", "a"]}, "order"),
        ({"order": ["nobody"]}, "order"),
        ({"weights": {"openai-gpt4o-mini": -1}}, "weights"),
        ({"weights": {"openai-gpt4o-mini": 0.5}}, "weights[openai-gpt4o-mini]"),
        ({"weights": {"nobody": 1}}, "weights"),
        ({"canary": {"provider": "openai-gpt4o", "percent": 0}}, "canary.percent"),
        ({"canary": {"provider": "openai-gpt4o", "percent": 100.5}}, "canary.percent"),
        ({"canary": {"provider": "nobody", "percent": 5}}, "canary.provider"),
        ({"canary": {"provider": "openai-gpt4o"}}, "canary.percent"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_its_field_named(body: Any, field: str, send: Send) -> None:
    answer = send("PUT", "/api/admin/use-cases/draft/policy", body)
    assert (answer.status_code, _error(answer)["field"]) == (400, field)


def test_all_faults_of_a_policy_come_at_once_in_words(send: Send) -> None:
    answer = send("PUT", "/api/admin/use-cases/draft/policy", {"strategy": "luck", "midStream": 1, "canary": {}})
    faults = {each["path"]: each["message"] for each in _error(answer)["faults"]}
    assert faults["strategy"] == "must be one of priority, weighted, cheapest, fastest, least_busy"
    assert set(faults) == {"strategy", "midStream", "canary.provider", "canary.percent"}


@pytest.mark.parametrize(
    ("revision", "status", "code"),
    [("999999", 409, "CONFLICT"), ("-1", 400, "VALIDATION_ERROR"), ("new", 400, "VALIDATION_ERROR")],
)
def test_a_policy_is_guarded_by_a_revision_of_this_store_only(
    revision: str, status: int, code: str, send: Send
) -> None:
    answer = send("PUT", f"/api/admin/use-cases/draft/policy?revision={revision}", {"hedge": True})
    assert (answer.status_code, _error(answer)["code"]) == (status, code)
    assert send("PUT", "/api/admin/use-cases/draft/policy?base=1", {"hedge": True}).status_code == 400


def test_an_unknown_use_case_is_not_found(send: Send) -> None:
    assert send("PUT", "/api/admin/use-cases/nobody/policy", {}).status_code == 404


def test_without_the_log_a_force_is_503_and_a_reset_still_works(rig: ApiRig, send: Send) -> None:
    send("POST", f"/api/admin/breakers/{MINI}/open", FORCE)
    rig.desk.log.down = True
    refused = send("POST", f"/api/admin/breakers/{MINI}/close", FORCE)
    assert (refused.status_code, _error(refused)["code"]) == (503, "OVERLOADED")
    assert "action log" in _error(refused)["message"]
    assert int(refused.headers["retry-after"]) >= 1
    assert send("POST", f"/api/admin/breakers/{MINI}/reset", {}).json()["breaker"]["state"] == "CLOSED"


def test_the_description_names_every_route_and_its_parameters() -> None:
    described = openapi_document()["paths"]
    for method, path, _, _ in ROUTES:
        template = path.replace(MINI, "{id}").replace("{drill}", "{id}").replace("/draft/", "/{name}/")
        operation = described[template][method.lower()]
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == {piece[1:-1] for piece in template.split("/") if piece.startswith("{")}, template
        assert "200" in operation["responses"]


def test_what_the_process_stands_on_is_told_to_operators_and_to_prometheus(
    rig: ApiRig, http: httpx2.Client, send: Send
) -> None:
    clock = FakeClock()
    redis = DependencyMonitor("redis", "Redis", clock, works="Requests go on.", lost="Limits are each process's own.")
    store = DependencyMonitor("store", "The store", clock, patience=2)
    redis.failed(OSError("refused"))
    store.failed(OSError("refused"))
    for each in (store, redis):
        rig.desk.dependencies.add(each.state)
    told = send("GET", "/api/admin/dependencies").json()
    assert told["state"] == "down"
    assert told["dependencies"][0] == {
        "name": "redis", "title": "Redis", "state": "down", "since": "2026-03-01T12:00:00Z", "failures": 1,
        "outages": 1, "lastError": "refused", "works": "Requests go on.", "lost": "Limits are each process's own.",
    }  # fmt: skip
    assert send("GET", "/api/admin/stats").json()["dependencies"] == told["dependencies"]
    lines = http.get("/metrics").text.splitlines()
    assert 'signalbox_dependency_up{dependency="redis"} 0.0' in lines
    assert 'signalbox_dependency_up{dependency="store"} 1.0' in lines
    assert 'signalbox_dependency_failures_total{dependency="store"} 1.0' in lines
    assert http.get("/readyz").status_code == 200
