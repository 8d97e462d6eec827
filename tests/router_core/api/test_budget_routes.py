"""Budgets over real HTTP: who sees what, who sets what, what is refused by name, what goes on record."""

from typing import Any

import httpx2
import pytest

from tests.support.api_server import ApiRig

DAILY = {"scope": "account", "target": "acme", "period": "daily", "limit": "12.50"}


def _headers(rig: ApiRig, role: str) -> dict[str, str]:
    return {
        "cookie": f"signalbox_session={rig.sessions[role].token.reveal()}",  # type: ignore[index]
        "origin": rig.url,
    }


def _budgets(rig: ApiRig, http: httpx2.Client, role: str = "admin") -> list[dict[str, Any]]:
    answer = http.get("/api/admin/budgets", headers=_headers(rig, role))
    assert answer.status_code == 200
    return answer.json()["budgets"]  # type: ignore[no-any-return]


@pytest.fixture
def daily(rig: ApiRig, http: httpx2.Client) -> Any:
    """A daily budget of acme, gone afterwards."""
    made = http.put("/api/admin/budgets", json=DAILY, headers=_headers(rig, "admin"))
    assert made.status_code == 200
    yield made.json()
    http.request("DELETE", f"/api/admin/budgets/{made.json()['id']}", headers=_headers(rig, "admin"))


def test_a_budget_is_set_changed_and_removed(rig: ApiRig, http: httpx2.Client, daily: dict[str, Any]) -> None:
    assert (daily["limit"], daily["mode"], daily["version"]) == (12_500_000_000, "hard", 1)
    changed = http.put("/api/admin/budgets", json={**DAILY, "limit": None}, headers=_headers(rig, "owner")).json()
    assert (changed["id"], changed["limit"], changed["version"]) == (daily["id"], None, 2)
    assert http.request("DELETE", f"/api/admin/budgets/{daily['id']}", headers=_headers(rig, "admin")).json() == {
        "id": daily["id"]
    }
    limits = [each["budget"]["limit"] for each in _budgets(rig, http) if each["budget"]["target"] == "acme"]
    assert limits == [100_000_000_000, 1_000_000_000_000]
    gone = http.request("DELETE", f"/api/admin/budgets/{daily['id']}", headers=_headers(rig, "admin"))
    assert gone.status_code == 404


def test_a_change_is_on_record_with_what_was_before_and_a_refusal_is_not(
    rig: ApiRig, http: httpx2.Client, daily: dict[str, Any]
) -> None:
    http.put("/api/admin/budgets", json={**DAILY, "limit": "20"}, headers=_headers(rig, "admin"))
    http.put("/api/admin/budgets", json={**DAILY, "thresholds": [0]}, headers=_headers(rig, "admin"))
    acts = [each for each in rig.desk.log.taken if each.action == "budget.set"]
    assert acts[-1].target == "account:acme:daily"
    assert acts[-1].before is not None
    assert acts[-1].after is not None
    assert (acts[-1].before["limit"], acts[-1].after["limit"]) == (12_500_000_000, 20_000_000_000)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"limit": "1,5"}, "limit"),
        ({"limit": "1e400"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "NaN"}, "limit"),
        ({"limit": "0.0000000001"}, "limit"),
        ({"limit": 12.5}, "limit"),
        ({"scope": "planet"}, "scope"),
        ({"period": "hourly"}, "period"),
        ({"mode": "gentle"}, "mode"),
        ({"thresholds": [0]}, "thresholds"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    rig: ApiRig, http: httpx2.Client, change: dict[str, Any], field: str
) -> None:
    answer = http.put("/api/admin/budgets", json={**DAILY, **change}, headers=_headers(rig, "admin"))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert answer.json()["error"]["field"] == field
    assert not any(each["own"] for each in _budgets(rig, http))


@pytest.mark.parametrize(
    ("role", "reads", "sets"),
    [("owner", 200, 200), ("admin", 200, 200), ("analyst", 200, 403), ("operator", 403, 403), ("viewer", 403, 403)],
)
def test_analysts_read_and_admins_set(rig: ApiRig, http: httpx2.Client, role: str, reads: int, sets: int) -> None:
    assert http.get("/api/admin/budgets", headers=_headers(rig, role)).status_code == reads
    assert http.get("/api/admin/alerts", headers=_headers(rig, role)).status_code == reads
    made = http.put("/api/admin/budgets", json=DAILY, headers=_headers(rig, role))
    assert made.status_code == sets
    if sets == 200:
        http.request("DELETE", f"/api/admin/budgets/{made.json()['id']}", headers=_headers(rig, role))


def test_an_analyst_sees_the_budgets_of_own_accounts_only(rig: ApiRig, http: httpx2.Client) -> None:
    assert {each["budget"]["target"] for each in _budgets(rig, http, "analyst")} == {"acme"}
    assert {each["budget"]["target"] for each in _budgets(rig, http)} == {"acme", "other"}


def test_a_caller_sees_the_budget_of_its_own_account(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.get("/api/llm/budget", headers=rig.bearer()).json()
    assert answer["accountId"] == "acme"
    assert answer["budgetStatus"] == {
        "dailyUsed": 0.0, "dailyBudget": 100.0, "dailyPercentage": 0.0,
        "monthlyUsed": 0.0, "monthlyBudget": 1000.0, "monthlyPercentage": 0.0, "alerts": [],
    }  # fmt: skip
    assert [each["budget"]["period"] for each in answer["budgets"]] == ["daily", "monthly"]
    assert answer["forecasts"].keys() == {each["budget"]["id"] for each in answer["budgets"]}
    usage = http.get("/api/llm/usage", headers=rig.bearer()).json()
    assert (usage["accountId"], usage["usd"], usage["usage"]) == ("acme", "0.000000", [])


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1", ""])
def test_a_count_of_alerts_that_cannot_be_is_refused(rig: ApiRig, http: httpx2.Client, limit: str) -> None:
    answer = http.get("/api/admin/alerts", params={"limit": limit}, headers=_headers(rig, "admin"))
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "limit")


def test_a_budget_for_a_use_case_that_nobody_serves_is_refused(rig: ApiRig, http: httpx2.Client) -> None:
    wrong = {"scope": "use_case", "target": "nope", "period": "daily", "limit": "5"}
    refused = http.put("/api/admin/budgets", json=wrong, headers=_headers(rig, "admin"))
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "target")
