"""The audit log over real HTTP: who sees which rows, what is refused, how pages are walked."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.support.api_server import ApiRig
from tests.support.record_events import AT, audit_row

EVER = {"from": (AT - timedelta(days=1)).isoformat(), "to": (AT + timedelta(days=30)).isoformat()}


@pytest.fixture(autouse=True)
def _rows(rig: ApiRig) -> None:
    rig.audit.__init__()  # type: ignore[misc]
    for number in range(1, 31):
        rig.audit.add(audit_row(number, account_id="acme" if number % 3 else "other", status="success"))


def _get(rig: ApiRig, http: httpx2.Client, path: str = "", role: str = "admin", **query: Any) -> httpx2.Response:
    token = rig.sessions[role].token.reveal()  # type: ignore[index]
    headers = {"cookie": f"signalbox_session={token}"}
    return http.get(f"/api/admin/audit{path}", params={**EVER, **query} if not path else None, headers=headers)


def test_pages_are_walked_to_the_end(rig: ApiRig, http: httpx2.Client) -> None:
    found, cursor = [], ""
    for _ in range(10):
        page = _get(rig, http, limit=7, cursor=cursor).json()["page"]
        found += [each["position"] for each in page["entries"]]
        cursor = page["older"]
        if cursor is None:
            break
    assert found == list(range(30, 0, -1))
    oldest = _get(rig, http, limit=7, oldest="true").json()["page"]
    assert [each["position"] for each in oldest["entries"]] == [7, 6, 5, 4, 3, 2, 1]


def test_an_analyst_sees_the_rows_of_own_accounts_only(rig: ApiRig, http: httpx2.Client) -> None:
    answer = _get(rig, http, role="analyst", limit=200).json()
    assert {each["accountId"] for each in answer["page"]["entries"]} == {"acme"}
    assert answer["count"] == {"number": 20, "capped": False}
    assert _get(rig, http, f"/{3:026d}", role="analyst").status_code == 404
    assert _get(rig, http, f"/{3:026d}").json()["entry"]["accountId"] == "other"
    for account in ("other", "nobody"):
        assert _get(rig, http, role="analyst", account=account).status_code == 403


@pytest.mark.parametrize(
    ("role", "status"),
    [("owner", 200), ("admin", 200), ("analyst", 200), ("operator", 403), ("prompt_engineer", 403), ("viewer", 403)],
)
def test_the_log_is_for_those_who_audit(rig: ApiRig, http: httpx2.Client, role: str, status: int) -> None:
    assert _get(rig, http, role=role).status_code == status


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1e9"}, "limit"),
        ({"cursor": "zzz"}, "cursor"),
        ({"oldest": "yes"}, "oldest"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"from": "2027-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
        ({"from": "9999-12-31T23:59:59-12:00"}, "from"),
        ({"to": "0001-01-01T00:00:00Z"}, "to"),
        ({"status": "fine"}, "status"),
        ({"user": "x" * 201}, "user"),
        ({"model": "a\nb"}, "model"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_query_is_refused_by_name(rig: ApiRig, http: httpx2.Client, query: dict[str, str], field: str) -> None:
    answer = _get(rig, http, **query)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field


def test_the_last_day_is_shown_unless_something_else_is_asked(rig: ApiRig, http: httpx2.Client) -> None:
    headers = {"x-api-key": rig.admin.reveal()}
    assert http.get("/api/admin/audit", headers=headers).json()["page"]["entries"] == []


def test_an_unknown_row_is_not_found(rig: ApiRig, http: httpx2.Client) -> None:
    assert _get(rig, http, "/nothing").status_code == 404
