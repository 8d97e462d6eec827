"""API keys over HTTP: made, seen, changed, rolled and revoked; by heads alone, by keys no further than they reach."""

from typing import Any

import httpx2
import pytest

from tests.support.api_server import ApiRig
from tests.support.key_text import key_id, key_secret

PATH = "/api/admin/keys"
HEADS = ("owner", "admin")
NARROW = {"routes": [PATH, "/api/admin/keys/{id}", "/api/admin/keys/{id}/roll"], "useCases": ["draft"], "models": None}


def head(rig: ApiRig) -> dict[str, str]:
    return {"x-api-key": rig.admin.reveal()}


def make(http: httpx2.Client, headers: dict[str, str], **order: Any) -> dict[str, Any]:
    answer = http.post(PATH, json={"accountId": "acme", **order}, headers=headers)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def listed(http: httpx2.Client, rig: ApiRig, key_id: str) -> dict[str, Any]:
    answer = http.get(PATH, headers=head(rig))
    assert answer.status_code == 200
    found: dict[str, Any] = next(each for each in answer.json()["keys"] if each["id"] == key_id)
    return found


def status(http: httpx2.Client, key: str) -> int:
    return http.post("/api/llm", json={"prompt": "x"}, headers={"x-api-key": key}).status_code


def test_the_life_of_a_key(rig: ApiRig, http: httpx2.Client) -> None:
    made = make(http, head(rig), name="ci", expiresAt="2099-01-01T00:00:00Z", scopes={"models": ["gpt-4o"]})
    assert (made["replaces"], status(http, made["key"])) == (None, 200)
    view = listed(http, rig, made["id"])
    assert (view["prefix"], view["state"], view["role"]) == (f"sbx_{made['id']}_", "active", "service")
    assert view["scopes"] == {"routes": None, "useCases": None, "models": ["gpt-4o"]}
    renamed = http.put(f"{PATH}/{made['id']}", json={"name": "nightly"}, headers=head(rig)).json()
    assert (renamed["name"], renamed["expiresAt"]) == ("nightly", "2099-01-01T00:00:00Z")
    rolled = http.post(f"{PATH}/{made['id']}/roll", json={"graceS": 600}, headers=head(rig)).json()
    assert rolled["replaces"] == made["id"]
    assert [status(http, each["key"]) for each in (made, rolled)] == [200, 200]
    assert listed(http, rig, made["id"])["replacedBy"] == rolled["id"]
    gone = http.post(f"{PATH}/{made['id']}/revoke", headers=head(rig)).json()
    assert gone["state"] == "revoked"
    assert [status(http, each["key"]) for each in (made, rolled)] == [401, 200], "at once"
    text = http.get(PATH, headers=head(rig)).text
    for each in (made, rolled):
        assert key_secret(each["key"]) not in text


def test_the_model_and_use_case_of_a_key_reach_the_router_with_each_request(rig: ApiRig, http: httpx2.Client) -> None:
    made = make(http, head(rig), scopes={"useCases": ["draft"], "models": ["gpt-4o"]})
    assert status(http, made["key"]) == 200
    scopes = rig.router.requests[-1][1].scopes
    assert (scopes.use_cases, scopes.models) == (("draft",), ("gpt-4o",))


def test_heads_alone_have_keys(rig: ApiRig, http: httpx2.Client) -> None:
    made = make(http, head(rig))
    calls: list[tuple[str, str, Any]] = [
        ("GET", PATH, None),
        ("POST", PATH, {"accountId": "acme"}),
        ("PUT", f"{PATH}/{made['id']}", {"name": "x"}),
        ("POST", f"{PATH}/{made['id']}/roll", {}),
        ("POST", f"{PATH}/{made['id']}/revoke", None),
    ]
    for role, session in rig.sessions.items():
        cookie = {"cookie": f"signalbox_session={session.token.reveal()}", "origin": rig.url}
        for method, path, body in calls:
            found = http.request(method, path, json=body, headers=cookie).status_code
            assert (found == 403) is (role not in HEADS), (role, method, path, found)
    for method, path, body in calls:
        assert http.request(method, path, json=body, headers=rig.bearer()).status_code == 403
        assert http.request(method, path, json=body).status_code == 401


def test_a_limited_admin_key_makes_and_touches_nothing_wider_and_not_itself(rig: ApiRig, http: httpx2.Client) -> None:
    wide, mine = make(http, head(rig)), make(http, head(rig), role="admin", scopes=NARROW)
    headers = {"x-api-key": mine["key"]}
    assert make(http, headers, role="admin", scopes=NARROW)["id"]
    for scopes in ({}, {**NARROW, "routes": None}, {**NARROW, "useCases": ["draft", "summary"]}, {"routes": ["/*"]}):
        answer = http.post(PATH, json={"accountId": "acme", "scopes": scopes}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN"), scopes
    assert http.put(f"{PATH}/{mine['id']}", json={"name": "x"}, headers=headers).status_code == 403
    assert http.put(f"{PATH}/{wide['id']}", json={"name": "x"}, headers=headers).status_code == 403
    assert http.post(f"{PATH}/{wide['id']}/roll", json={}, headers=headers).status_code == 403
    assert http.post(f"{PATH}/{wide['id']}/revoke", headers=headers).status_code == 403, "not among its paths"
    assert http.get("/api/admin/limits", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({}, "accountId"),
        ({"accountId": "nobody"}, "accountId"),
        ({"accountId": "acme", "role": "owner"}, "role"),
        ({"accountId": "acme", "scopes": {"everything": True}}, "scopes.everything"),
        ({"accountId": "acme", "scopes": {"models": "gpt-4o"}}, "scopes.models"),
        ({"accountId": "acme", "scopes": {"models": ["gpt-99"]}}, "scopes.models"),
        ({"accountId": "acme", "expiresAt": "soon"}, "expiresAt"),
        ({"accountId": "acme", "expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"accountId": "acme", "key": "sbx_mine"}, "key"),
    ],
)
def test_what_cannot_be_is_refused_by_name(rig: ApiRig, http: httpx2.Client, order: dict[str, Any], field: str) -> None:
    answer = http.post(PATH, json=order, headers=head(rig))
    assert (answer.status_code, answer.json()["error"].get("field")) == (400, field)
    assert "sbx_mine" not in answer.text


def test_what_does_not_exist_is_404_and_a_second_roll_a_conflict(rig: ApiRig, http: httpx2.Client) -> None:
    assert http.put(f"{PATH}/nope", json={"name": "x"}, headers=head(rig)).status_code == 404
    assert http.post(f"{PATH}/nope/roll", json={}, headers=head(rig)).status_code == 404
    assert http.post(f"{PATH}/nope/revoke", headers=head(rig)).status_code == 404
    made = make(http, head(rig))
    assert http.post(f"{PATH}/{made['id']}/roll", json={}, headers=head(rig)).status_code == 200
    assert http.post(f"{PATH}/{made['id']}/roll", json={}, headers=head(rig)).status_code == 409


def test_acts_are_on_record_with_the_key_that_acted_and_its_address(rig: ApiRig, http: httpx2.Client) -> None:
    made = make(http, head(rig))
    act = next(each for each in rig.desk.log.taken if each.target == made["id"])
    assert (act.action, act.actor, act.role, act.address) == ("key.created", "acme admin", "admin", "127.0.0.1")
    assert act.actor_id == key_id(rig.admin.reveal())


def test_the_keys_of_one_account_are_listed_alone(rig: ApiRig, http: httpx2.Client) -> None:
    made = make(http, head(rig), accountId="other")
    found = http.get(f"{PATH}?account=other", headers=head(rig)).json()["keys"]
    assert made["id"] in {each["id"] for each in found}
    assert {each["accountId"] for each in found} == {"other"}
