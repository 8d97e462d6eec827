"""People, accounts and sessions over HTTP: by heads alone, faults by field, attempts on record."""

from typing import Any

import httpx2
import pytest

from router_core.types import PersonRole
from tests.support.api_server import ApiRig

USERS, ACCOUNTS, SESSIONS = "/api/admin/users", "/api/admin/accounts", "/api/admin/sessions"


def as_role(rig: ApiRig, role: PersonRole) -> dict[str, str]:
    token = rig.sessions[role].token.reveal()
    return {"cookie": f"signalbox_session={token}", "sec-fetch-site": "same-origin"}


def create(rig: ApiRig, http: httpx2.Client, email: str, **more: Any) -> dict[str, Any]:
    order = {"email": email, "role": "viewer", "accounts": ["acme"], **more}
    answer = http.post(USERS, json=order, headers=as_role(rig, "owner"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = answer.json()
    return document


def test_a_person_is_made_listed_changed_and_removed(rig: ApiRig, http: httpx2.Client) -> None:
    made = create(rig, http, "eve@example.com", firstAccess="password")
    person = made["person"]
    assert (person["state"], len(made["password"]), made["link"]) == ("first_password", 24, None)
    assert "eve@example.com" in [
        each["email"] for each in http.get(USERS, headers=as_role(rig, "admin")).json()["users"]
    ]
    where = f"{USERS}/{person['id']}"
    changed = http.patch(where, json={"role": "analyst", "isActive": False}, headers=as_role(rig, "admin"))
    assert (changed.json()["role"], changed.json()["state"]) == ("analyst", "disabled")
    reset = http.post(f"{where}/password-reset", json={"firstAccess": "link"}, headers=as_role(rig, "admin")).json()
    assert reset["link"].startswith("/auth/invitation/")
    assert http.delete(where, headers=as_role(rig, "admin")).json()["email"] == "eve@example.com"
    assert http.get(where, headers=as_role(rig, "admin")).status_code == 404


def test_one_who_raises_their_own_role_by_a_direct_call_is_refused_and_that_is_on_record(
    rig: ApiRig, http: httpx2.Client
) -> None:
    for role in ("viewer", "operator"):
        before = len(rig.desk.log.verbs)
        answer = http.patch(f"{USERS}/u-{role}", json={"role": "owner"}, headers=as_role(rig, role))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
        assert rig.desk.log.verbs[before:] == ["access.refused"]
    before = len(rig.desk.log.verbs)
    answer = http.patch(f"{USERS}/u-admin", json={"role": "owner"}, headers=as_role(rig, "admin"))
    assert answer.status_code == 403
    assert rig.desk.log.verbs[before:] == ["user.refused"]
    found = http.get(f"{USERS}/u-admin", headers=as_role(rig, "owner")).json()
    assert found["role"] == "admin"


@pytest.mark.parametrize(
    ("document", "field"),
    [({"email": "nobody"}, "email"), ({"role": "king"}, "role"), ({"accounts": ["nowhere"]}, "accounts"),
     ({"accounts": ["acme", "acme"]}, "accounts"),
     ({"password": "hunter2"}, "password"), ({"firstAccess": "guess"}, "firstAccess")],
)  # fmt: skip
def test_a_bad_order_is_refused_by_its_field_and_never_echoed(
    rig: ApiRig, http: httpx2.Client, document: dict[str, Any], field: str
) -> None:
    order = {"email": "new@example.com", "role": "viewer", **document}
    answer = http.post(USERS, json=order, headers=as_role(rig, "admin"))
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", "sbx_0123456789abcdef_Ab12Cd34Ef56Gh78Ij90"])
def test_an_account_is_not_called_by_what_is_no_name_or_a_secret(name: str, rig: ApiRig, http: httpx2.Client) -> None:
    head = as_role(rig, "owner")
    known = http.get(ACCOUNTS, headers=head).json()
    path = f"{ACCOUNTS}/{known['accounts'][0]['id']}"
    for answer in (
        http.post(ACCOUNTS, json={"name": name}, headers=head),
        http.patch(path, json={"name": name}, headers=head),
    ):
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "name")
        assert name not in answer.text or not name
    assert http.get(ACCOUNTS, headers=head).json() == known


def test_accounts_are_made_changed_and_removed_by_owners_alone(rig: ApiRig, http: httpx2.Client) -> None:
    made = http.post(ACCOUNTS, json={"name": "Apex", "timezone": "Europe/Berlin"}, headers=as_role(rig, "admin"))
    where = f"{ACCOUNTS}/{made.json()['id']}"
    changed = http.patch(where, json={"isActive": False}, headers=as_role(rig, "admin"))
    assert (changed.status_code, changed.json()["isActive"]) == (200, False)
    for refused in (as_role(rig, "admin"), {"x-api-key": rig.admin.reveal()}):
        assert http.delete(where, headers=refused).status_code == 403
    assert http.delete(where, headers=as_role(rig, "owner")).status_code == 200
    assert http.get(where, headers=as_role(rig, "owner")).status_code == 404
    names = [each["name"] for each in http.get(ACCOUNTS, headers=as_role(rig, "owner")).json()["accounts"]]
    assert {"acme", "other"} <= set(names)
    assert "Apex" not in names


def test_sessions_are_listed_and_ended_and_their_cookies_open_nothing_any_more(
    rig: ApiRig, http: httpx2.Client
) -> None:
    made = create(rig, http, "zed@example.com", role="analyst")["person"]
    assert http.get(f"{USERS}/{made['id']}/sessions", headers=as_role(rig, "admin")).json() == {"sessions": []}
    found = http.get(SESSIONS, headers=as_role(rig, "admin")).json()["sessions"]
    session = next(each for each in found if each["email"] == "analyst@example.com")
    assert set(session) == {
        "id", "personId", "email", "role", "address", "browser", "createdAt", "lastSeenAt", "expiresAt",
    }  # fmt: skip
    assert http.get("/api/admin/budgets", headers=as_role(rig, "analyst")).status_code == 200
    assert http.delete(f"{SESSIONS}/{session['id']}", headers=as_role(rig, "admin")).json() == {"ended": 1}
    assert http.get("/api/admin/budgets", headers=as_role(rig, "analyst")).status_code == 401
    assert http.delete(f"{SESSIONS}/{session['id']}", headers=as_role(rig, "admin")).status_code == 404


def test_people_of_an_account_out_of_service_and_of_none_spend_nothing(rig: ApiRig, http: httpx2.Client) -> None:
    owner, ask = as_role(rig, "owner"), {"prompt": "hi"}
    builder, admin = as_role(rig, "prompt_engineer"), as_role(rig, "admin")
    account = http.post(ACCOUNTS, json={"name": "Closed"}, headers=owner).json()["id"]
    http.patch(f"{ACCOUNTS}/{account}", json={"isActive": False}, headers=owner)
    for accounts, reason in (([account], "out of service"), ([], "no account")):
        for role in ("prompt_engineer", "admin"):
            moved = http.patch(f"{USERS}/u-{role}", json={"accounts": accounts}, headers=owner)
            assert moved.status_code == 200, moved.text
        before = len(rig.router.requests)
        refused = [
            http.post("/api/llm", json=ask, headers=builder),
            http.post("/api/llm/route", json=ask, headers=builder),
            http.get("/api/llm/usage", headers=admin),
            http.get("/api/llm/budget", headers=admin),
        ]
        assert [each.status_code for each in refused] == [403] * 4
        assert all(reason in each.json()["error"]["message"] for each in refused)
        assert len(rig.router.requests) == before
    made = http.post("/api/admin/keys", json={"accountId": account}, headers=owner)
    assert (made.status_code, made.json()["error"]["field"]) == (400, "accountId")
    for role in ("prompt_engineer", "admin"):
        http.patch(f"{USERS}/u-{role}", json={"accounts": ["acme"]}, headers=owner)
    assert http.post("/api/llm", json=ask, headers=builder).status_code == 200
