"""Prices over real HTTP: who sees what, who sets what, what is refused by name, what goes on record."""

from typing import Any

import httpx2
import pytest

from tests.support.api_server import ApiRig

OWN = {"model": "gpt-4o", "accountId": "acme", "tiers": [{"input": "2", "output": "8", "cacheWrite1h": "3"}]}


def headers(rig: ApiRig, role: str) -> dict[str, str]:
    return {
        "cookie": f"signalbox_session={rig.sessions[role].token.reveal()}",  # type: ignore[index]
        "origin": rig.url,
    }


def put(rig: ApiRig, http: httpx2.Client, *prices: dict[str, Any], role: str = "admin", **more: Any) -> httpx2.Response:
    return http.put("/api/admin/prices", json={"prices": list(prices), **more}, headers=headers(rig, role))


def in_force(rig: ApiRig, http: httpx2.Client, model: str = "gpt-4o", role: str = "admin") -> dict[str, Any] | None:
    listed = http.get("/api/admin/prices", headers=headers(rig, role)).json()["prices"]
    return next(each["price"] for each in listed if each["model"] == model)  # type: ignore[no-any-return]


def test_a_price_is_tried_set_found_so_already_and_withdrawn(rig: ApiRig, http: httpx2.Client) -> None:
    order = {"model": "gpt-4o", "tiers": [{"input": "2.5", "output": "10"}], "source": "contract 17"}
    tried = put(rig, http, order, dryRun=True).json()
    assert (len(tried["added"]), tried["dryRun"], in_force(rig, http)) == (1, True, None)
    (added,) = put(rig, http, order).json()["added"]
    assert added["tiers"][0]["rates"]["input"] == 2_500_000_000
    assert (added["source"], added["made_by"]) == ("contract 17", "admin@example.com")
    assert in_force(rig, http) == added
    assert put(rig, http, order).json() == {"added": [], "unchanged": 1, "dryRun": False}
    assert len(put(rig, http, {"model": "gpt-4o"}).json()["added"]) == 1
    assert in_force(rig, http) is None
    versions = http.get("/api/admin/prices/versions?model=gpt-4o-2024-08-06", headers=headers(rig, "analyst")).json()
    assert [len(each["tiers"]) for each in versions["versions"]] == [0, 1]


def test_a_change_is_on_record_with_what_was_before_and_a_trial_is_not(rig: ApiRig, http: httpx2.Client) -> None:
    first = {"model": "record-1", "tiers": [{"input": "1", "output": "2"}]}
    put(rig, http, first)
    put(rig, http, {**first, "tiers": [{"input": "3", "output": "4"}]})
    count = len(rig.desk.log.taken)
    put(rig, http, {**first, "tiers": [{"input": "9", "output": "9"}]}, dryRun=True)
    put(rig, http, {**first, "tiers": [{"input": "-9", "output": "9"}]})
    assert len(rig.desk.log.taken) == count
    act = rig.desk.log.taken[-1]
    assert (act.action, act.target) == ("prices.set", "record-1")
    assert act.before is not None
    assert act.after is not None
    assert "input 1, output 2" in act.before["record-1"]
    assert "input 3, output 4" in act.after["record-1"]


def test_prices_are_set_all_or_none(rig: ApiRig, http: httpx2.Client) -> None:
    refused = put(rig, http, {"model": "all-1", "tiers": [{"input": "1", "output": "2"}]}, {"model": ""})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "model")
    assert http.get("/api/admin/prices/versions?model=all-1", headers=headers(rig, "admin")).json()["versions"] == []


def test_two_prices_for_one_place_and_time_are_refused(rig: ApiRig, http: httpx2.Client) -> None:
    one = {"model": "twice-1", "tiers": [{"input": "1", "output": "2"}], "starts": "2026-12-01"}
    refused = put(rig, http, one, {**one, "starts": "2026-12-01T00:00:00Z", "tiers": [{"input": "3", "output": "4"}]})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "prices")
    other = {**one, "starts": "2026-12-02"}
    assert len(put(rig, http, one, other).json()["added"]) == 2


def test_what_is_agreed_for_an_account_is_on_record_as_its_own(rig: ApiRig, http: httpx2.Client) -> None:
    put(rig, http, {**OWN, "model": "whose-1"})
    assert rig.desk.log.taken[-1].account_id == "acme"
    put(rig, http, {**OWN, "model": "whose-2"}, {**OWN, "model": "whose-2", "accountId": ""})
    assert rig.desk.log.taken[-1].account_id is None


@pytest.mark.parametrize(
    ("price", "field"),
    [
        ({"model": "m", "tiers": [{"input": "1,5", "output": "1"}]}, "input"),
        ({"model": "m", "tiers": [{"input": "1e400", "output": "1"}]}, "input"),
        ({"model": "m", "tiers": [{"input": "1e-12", "output": "1"}]}, "input"),
        ({"model": "m", "tiers": [{"input": "1", "output": "0.0000000001"}]}, "output"),
        ({"model": "m", "tiers": [{"input": "1", "output": "1", "image": "NaN"}]}, "image"),
        ({"model": "m", "tiers": [{"input": "1", "output": "1", "above": 5}]}, "tiers"),
        ({"model": "m", "tiers": [{"input": "1", "output": "1"}], "starts": "soon"}, "starts"),
        ({"model": "m", "tiers": [{"input": "1", "output": "1"}], "colour": "red"}, "colour"),
        ({"model": "m", "tiers": [{"input": "1", "output": "1"}], "source": "x" * 201}, "source"),
        (
            {"model": "m", "tiers": [{"input": "1", "output": "1"}, {"input": "1", "output": "1", "above": 10**9}]},
            "above",
        ),
        ({"model": "m", "tiers": [{"input": 1, "output": "1"}]}, "input"),
    ],
)
def test_what_is_wrong_is_named(rig: ApiRig, http: httpx2.Client, price: dict[str, Any], field: str) -> None:
    refused = put(rig, http, price)
    assert refused.status_code == 400
    assert field in refused.json()["error"]["field"]


def test_no_prices_and_too_many_are_refused(rig: ApiRig, http: httpx2.Client) -> None:
    assert put(rig, http).json()["error"]["field"] == "prices"
    assert put(rig, http, *[{"model": "m"}] * 2_001).json()["error"]["field"] == "prices"


def test_only_heads_set_prices_and_analysts_read_what_is_theirs(rig: ApiRig, http: httpx2.Client) -> None:
    assert put(rig, http, OWN, {**OWN, "accountId": "other"}).status_code == 200
    for role in ("analyst", "operator", "viewer", "prompt_engineer"):
        assert put(rig, http, OWN, role=role).status_code == 403
    for role in ("operator", "viewer", "prompt_engineer"):
        assert http.get("/api/admin/prices", headers=headers(rig, role)).status_code == 403
    seen = http.get("/api/admin/prices/versions", headers=headers(rig, "analyst")).json()["versions"]
    assert {each["account_id"] for each in seen if each["account_id"]} == {"acme"}
    assert "other" not in http.get("/api/admin/prices/sheet", headers=headers(rig, "analyst")).text
    service = {"authorization": f"Bearer {rig.service.reveal()}"}
    assert http.get("/api/admin/prices", headers=service).status_code == 403
    assert http.get("/api/admin/prices").status_code == 401


def test_the_sheet_that_is_exported_changes_nothing_when_it_is_imported(rig: ApiRig, http: httpx2.Client) -> None:
    put(rig, http, {**OWN, "model": "sheet-1", "starts": "2026-01-01"})
    sheet = http.get("/api/admin/prices/sheet", headers=headers(rig, "admin"))
    assert sheet.headers["content-type"].startswith("text/csv")
    body = {"csv": sheet.text, "dryRun": True}
    answer = http.post("/api/admin/prices/sheet", json=body, headers=headers(rig, "admin")).json()
    assert answer["added"] == []
    assert answer["unchanged"] >= 1
    put(rig, http, {**OWN, "model": "sheet-1", "starts": "2026-01-01", "tiers": [{"input": "3", "output": "8"}]})
    corrected = http.get("/api/admin/prices/sheet", headers=headers(rig, "admin"))
    body = {"csv": corrected.text, "dryRun": True}
    assert http.post("/api/admin/prices/sheet", json=body, headers=headers(rig, "admin")).json()["added"] == []


def test_a_wrong_line_of_a_sheet_is_named_and_nothing_is_set(rig: ApiRig, http: httpx2.Client) -> None:
    body = {"csv": "model,input,output\nline-1,1,2\nline-2,x,2\n"}
    refused = http.post("/api/admin/prices/sheet", json=body, headers=headers(rig, "admin")).json()["error"]
    assert (refused["field"], "line 3" in refused["message"]) == ("input", True)
    assert http.get("/api/admin/prices/versions?model=line-1", headers=headers(rig, "admin")).json()["versions"] == []


def test_a_report_needs_a_period_that_makes_sense(rig: ApiRig, http: httpx2.Client) -> None:
    where = "/api/admin/prices/rerating"
    empty = http.get(where, headers=headers(rig, "analyst")).json()
    assert (empty["rows"], empty["total"]["requests"]) == ([], 0)
    for query, field in (
        ("from=2026-02-01&to=2026-01-01", "from"),
        ("from=2025-01-01&to=2026-01-01", "from"),
        ("to=never", "to"),
        ("since=1", "since"),
    ):
        refused = http.get(f"{where}?{query}", headers=headers(rig, "analyst"))
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)
