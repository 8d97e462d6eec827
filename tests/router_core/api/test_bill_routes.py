"""Bills, savings and outlooks over real HTTP: who may ask, exact answers, wrong lines named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from router_core.clock import SystemClock
from router_core.cost.bill_reading import MOST_BILL_BYTES
from router_core.types import Usage
from tests.support.api_server import ApiRig
from tests.support.bills_desk import BOOK
from tests.support.record_events import event

CSV = {"content-type": "text/csv"}
DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _headers(rig: ApiRig, role: str) -> dict[str, str]:
    return {
        "cookie": f"signalbox_session={rig.sessions[role].token.reveal()}",  # type: ignore[index]
        "origin": rig.url,
    }


def _post(rig: ApiRig, http: httpx2.Client, text: str | bytes, role: str = "admin", **query: str) -> httpx2.Response:
    headers = {**CSV, **_headers(rig, role)}
    return http.post("/api/admin/usage/reconcile", content=text, params=query, headers=headers)


@pytest.fixture
def recorded(rig: ApiRig) -> list[Any]:
    """Requests of two accounts: some in March, some in this hour."""
    now = SystemClock().utcnow()
    usage = Usage(input_tokens=1_000, cache_read_tokens=500, output_tokens=100)
    cost = BOOK["gpt-4o-mini"].cost(usage)
    found = [
        event(1, timestamp=DAY, model="gpt-4o-mini", usage=usage, cost=cost),
        event(2, timestamp=DAY, model="gpt-4o-mini", usage=usage, cost=cost, account_id="other", estimated=True),
        event(3, timestamp=now, provider="p", usage=usage, cost=cost),
        event(4, timestamp=now, provider="q", usage=usage, cost=cost, account_id="other"),
        event(5, timestamp=now, provider="q", model="unknown", usage=usage, cost=None, account_id="other"),
    ]
    for each in found:
        rig.bills.usage.record(each)
    return found


def test_a_bill_that_agrees_and_one_that_does_not(rig: ApiRig, http: httpx2.Client, recorded: list[Any]) -> None:
    cost = 2 * recorded[0].cost
    text = f"date,model,tokens,cost\n2026-03-01,gpt-4o-mini-2024-07-18,3200,0.{cost:09d}\n"
    found = _post(rig, http, text).json()
    assert (found["within"], found["tolerance"], found["firstDay"]) == (True, "1", "2026-03-01")
    (line,) = found["lines"]
    assert (line["model"], line["names"]) == ("gpt-4o-mini", ["gpt-4o-mini-2024-07-18"])
    assert line["ours"] == {"requests": 2, "tokens": 3_200, "cost": cost, "unpriced": 0, "estimated": 1}
    assert (line["tokens"], line["cost"]) == ({"amount": 0, "percent": 0.0, "within": True},) * 2
    short = text.replace("3200", "3000")
    assert _post(rig, http, short).json()["within"] is False
    assert _post(rig, http, short, tolerance="6.67").json()["within"] is True


def test_wrong_lines_are_named_and_never_quoted(rig: ApiRig, http: httpx2.Client) -> None:
    answer = _post(rig, http, "date,model,cost\nyesterday,m,1\n2026-03-01,m,free\n")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (400, "VALIDATION_ERROR", "csv")
    assert [(each["line"], each["column"]) for each in error["faults"]] == [(2, "date"), (3, "cost")]
    assert "yesterday" not in answer.text
    assert "free" not in answer.text


def test_what_is_no_bill_is_refused(rig: ApiRig, http: httpx2.Client) -> None:
    assert _post(rig, http, "date,model,cost\n2026-03-01,m,1\n", tolerance="-1").json()["error"]["field"] == "tolerance"
    assert _post(rig, http, "date,model,cost\n2026-01-01,m,1\n2026-12-31,m,1\n").json()["error"]["field"] == "csv"
    json_body = http.post("/api/admin/usage/reconcile", json={"csv": ""}, headers=_headers(rig, "admin"))
    assert json_body.status_code == 415
    assert _post(rig, http, b"x" * (MOST_BILL_BYTES + 1)).status_code == 413


@pytest.mark.parametrize(
    ("role", "compares", "reads"),
    [("owner", 200, 200), ("admin", 200, 200), ("analyst", 403, 200), ("viewer", 403, 403)],
)
def test_who_sees_every_account_compares_and_analysts_read(
    rig: ApiRig, http: httpx2.Client, role: str, compares: int, reads: int
) -> None:
    assert _post(rig, http, "date,model,cost\n2026-03-01,m,1\n", role).status_code == compares
    assert http.get("/api/admin/savings", headers=_headers(rig, role)).status_code == reads
    assert http.get("/api/admin/outlook", headers=_headers(rig, role)).status_code == reads


def test_savings_are_exact_and_of_the_accounts_that_one_sees(
    rig: ApiRig, http: httpx2.Client, recorded: list[Any]
) -> None:
    every = http.get("/api/admin/savings", params={"days": "2"}, headers=_headers(rig, "owner")).json()
    usage = recorded[2].usage
    there = BOOK["gpt-4o"].cost(usage)
    assert there is not None
    assert every["dearestModel"] == "gpt-4o"
    assert (every["total"]["dearest"], every["total"]["spent"]) == (2 * there, 2 * recorded[2].cost)
    assert every["total"]["routing"] == 2 * (there - recorded[2].cost)
    assert every["total"]["promptCaching"] == 2 * 500 * 75
    assert (every["total"]["rated"], every["total"]["leftOut"], every["total"]["cached"]) == (2, 1, 0)
    own = http.get("/api/admin/savings", params={"days": "2"}, headers=_headers(rig, "analyst")).json()
    assert (own["dearestModel"], own["total"]["rated"], own["total"]["routing"]) == ("gpt-4o-mini", 1, 0)


@pytest.mark.parametrize("days", ["0", "101", "x", "-1", "", "1000000"])
def test_a_number_of_days_that_cannot_be_is_refused(rig: ApiRig, http: httpx2.Client, days: str) -> None:
    answer = http.get("/api/admin/savings", params={"days": days}, headers=_headers(rig, "admin"))
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "days")


def test_every_name_that_spends_has_an_outlook_without_any_budget(
    rig: ApiRig, http: httpx2.Client, recorded: list[Any]
) -> None:
    cost = recorded[2].cost
    found = http.get("/api/admin/outlook", headers=_headers(rig, "owner")).json()["outlook"]
    assert [(each["name"], each["day"]["spent"], each["unpriced"]) for each in found] == [
        ("p", cost, 0),
        ("q", cost, 1),
    ]
    assert found[0]["month"]["expected"] >= cost
    own = http.get("/api/admin/outlook", params={"by": "installation"}, headers=_headers(rig, "analyst")).json()
    assert [(each["name"], each["day"]["spent"]) for each in own["outlook"]] == [("", cost)]
    account = http.get("/api/admin/outlook", params={"by": "account"}, headers=_headers(rig, "owner")).json()["outlook"]
    assert [(each["name"], each["day"]["limit"]) for each in account] == [
        ("acme", 100_000_000_000), ("other", 100_000_000_000),
    ]  # fmt: skip
    first = http.get("/api/admin/outlook", params={"suppose": "0.01"}, headers=_headers(rig, "owner")).json()[
        "outlook"
    ][0]
    assert (first["month"]["limit"], first["month"]["supposed"]) == (10_000_000, True)
    for amount in ("1,5", "-1", "0", "NaN"):
        bad = http.get("/api/admin/outlook", params={"suppose": amount}, headers=_headers(rig, "owner"))
        assert (bad.status_code, bad.json()["error"]["field"]) == (400, "suppose")
    bad = http.get("/api/admin/outlook", params={"by": "planet"}, headers=_headers(rig, "owner"))
    assert (bad.status_code, bad.json()["error"]["field"]) == (400, "by")


def test_the_paths_are_described(http: httpx2.Client) -> None:
    paths = http.get("/api/openapi.json").json()["paths"]
    assert "text/csv" in paths["/api/admin/usage/reconcile"]["post"]["requestBody"]["content"]
    assert {"/api/admin/savings", "/api/admin/outlook"} <= paths.keys()


def test_a_bill_of_another_day_knows_nothing_of_ours(rig: ApiRig, http: httpx2.Client) -> None:
    day = (DAY + timedelta(days=1)).date().isoformat()
    (line,) = _post(rig, http, f"date,model,tokens\n{day},gpt-4o-mini,5\n").json()["lines"]
    assert (line["ours"], line["tokens"]["percent"]) == (None, -100.0)
