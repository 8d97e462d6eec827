"""Top-ups and leases over real HTTP: who asks, who decides, once; what is refused by name; what goes on record."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from router_core.ports import LeaseAsk
from router_core.types import Budget
from tests.support.api_server import ApiRig
from tests.support.key_text import key_id

ASK = {"amount": "20.00", "reason": "launch day"}


def _as(rig: ApiRig, role: str) -> dict[str, str]:
    return {
        "cookie": f"signalbox_session={rig.sessions[role].token.reveal()}",  # type: ignore[index]
        "origin": rig.url,
    }


def _post(rig: ApiRig, http: httpx2.Client, path: str, body: Any = None, role: str = "admin") -> httpx2.Response:
    return http.post(f"/api/admin/{path}", json={} if body is None else body, headers=_as(rig, role))


@pytest.fixture
def waiting(rig: ApiRig, http: httpx2.Client) -> Iterator[dict[str, Any]]:
    """A request of acme's service key; over afterwards."""
    made = http.post("/api/llm/budget/requests", json=ASK, headers=rig.bearer())
    assert made.status_code == 200, made.text
    topup = made.json()
    yield topup
    _post(rig, http, f"topups/{topup['id']}/deny", {"note": "over"})
    _post(rig, http, f"topups/{topup['id']}/end")


def _daily(http: httpx2.Client, rig: ApiRig) -> dict[str, Any]:
    found = http.get("/api/llm/budget", headers=rig.bearer()).json()
    return next(each for each in found["budgets"] if each["budget"]["period"] == "daily")


def test_a_key_asks_an_admin_approves_and_the_limit_is_higher_until_it_is_ended(
    rig: ApiRig, http: httpx2.Client, waiting: dict[str, Any]
) -> None:
    assert (waiting["state"], waiting["amount"], waiting["scope"], waiting["target"]) == (
        "pending", 20_000_000_000, "account", "acme",
    )  # fmt: skip
    asked = datetime.fromisoformat(waiting["askedAt"])
    assert waiting["endsAt"].startswith(str(asked.date() + timedelta(days=1)))
    assert _daily(http, rig)["limit"] == 100_000_000_000
    approved = _post(rig, http, f"topups/{waiting['id']}/approve", {"amount": "25", "note": "fine"}).json()
    assert (approved["state"], approved["amount"], approved["decidedBy"]) == (
        "approved", 25_000_000_000, "admin@example.com",
    )  # fmt: skip
    view = _daily(http, rig)
    assert (view["limit"], view["toppedUp"], view["budget"]["limit"]) == (
        125_000_000_000, 25_000_000_000, 100_000_000_000,
    )  # fmt: skip
    assert view["toppedUpUntil"] == approved["endsAt"]
    status = http.get("/api/llm/budget", headers=rig.bearer()).json()["budgetStatus"]
    assert status["dailyBudget"] == 125.0
    assert _post(rig, http, f"topups/{waiting['id']}/end").json()["state"] == "ended"
    assert _daily(http, rig)["limit"] == 100_000_000_000


def test_every_act_is_on_record_with_before_and_after(
    rig: ApiRig, http: httpx2.Client, waiting: dict[str, Any]
) -> None:
    _post(rig, http, f"topups/{waiting['id']}/approve", {"amount": "7"})
    _post(rig, http, f"topups/{waiting['id']}/end")
    acts = [each for each in rig.desk.log.taken if each.detail.get("topUp") == waiting["id"]]
    assert [each.action for each in acts] == ["topup.asked", "topup.approved", "topup.ended"]
    assert {(each.target, each.account_id) for each in acts} == {("account:acme:daily", "acme")}
    assert acts[0].before is None
    assert acts[1].before is not None
    assert acts[1].after is not None
    assert (acts[1].before["state"], acts[1].after["state"]) == ("pending", "approved")
    assert (acts[1].before["amount"], acts[1].after["amount"]) == (20_000_000_000, 7_000_000_000)


def test_of_many_who_approve_at_once_one_does_and_the_others_are_told(
    rig: ApiRig, http: httpx2.Client, waiting: dict[str, Any]
) -> None:
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: _post(rig, http, f"topups/{waiting['id']}/approve"), range(8)))
    assert sorted(each.status_code for each in answers) == [200, *[400] * 7]
    refused = [each.json()["error"] for each in answers if each.status_code == 400]
    assert {(each["code"], each["field"]) for each in refused} == {("VALIDATION_ERROR", "state")}
    acts = [each.action for each in rig.desk.log.taken if each.detail.get("topUp") == waiting["id"]]
    assert acts == ["topup.asked", "topup.approved"]
    assert _daily(http, rig)["toppedUp"] == 20_000_000_000


def test_a_denial_says_why_and_only_who_asked_may_withdraw(
    rig: ApiRig, http: httpx2.Client, waiting: dict[str, Any]
) -> None:
    path = f"topups/{waiting['id']}"
    assert _post(rig, http, f"{path}/deny", {"note": "  "}).json()["error"]["field"] == "note"
    assert _post(rig, http, f"{path}/withdraw", role="analyst").status_code == 403
    mine = http.post(f"/api/admin/{path}/withdraw", headers=rig.bearer(), json={})
    assert mine.json()["state"] == "withdrawn"
    assert _post(rig, http, f"{path}/deny", {"note": "no"}).json()["error"]["field"] == "state"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "1,5"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "0.0000000001"}, "amount"),
        ({"amount": "1000001"}, "amount"),
        ({"amount": 20}, "amount"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "two\nlines"}, "reason"),
        ({"until": "2024-01-01T00:00:00Z"}, "until"),
        ({"until": "2999-01-01T00:00:00Z"}, "until"),
        ({"until": "2026-12-01T00:00:00"}, "until"),
        ({"period": "hourly"}, "period"),
        ({"scope": "planet"}, "scope"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    rig: ApiRig, http: httpx2.Client, change: dict[str, Any], field: str
) -> None:
    answer = http.post("/api/llm/budget/requests", json={**ASK, **change}, headers=rig.bearer())
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_a_budget_without_a_limit_cannot_be_topped_up(rig: ApiRig, http: httpx2.Client) -> None:
    answer = _post(rig, http, "topups", {**ASK, "scope": "installation"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "period")
    assert "no daily limit" in answer.json()["error"]["message"]


def test_a_key_of_its_own_can_be_topped_up_and_nobody_elses(rig: ApiRig, http: httpx2.Client) -> None:
    own = key_id(rig.service.reveal())
    limit = {"scope": "key", "target": own, "period": "daily", "limit": "1"}
    made = http.put("/api/admin/budgets", json=limit, headers=_as(rig, "admin")).json()
    asked = http.post("/api/llm/budget/requests", json={**ASK, "scope": "key"}, headers=rig.bearer())
    assert asked.json()["target"] == own
    for other in (
        {"target": "other"}, {"target": "nobody"}, {"scope": "key", "target": "k2"}, {"scope": "installation"},
        {"scope": "provider", "target": "openai-gpt4o"},
    ):  # fmt: skip
        assert http.post("/api/llm/budget/requests", json={**ASK, **other}, headers=rig.bearer()).status_code == 403
    http.request("DELETE", f"/api/admin/budgets/{made['id']}", headers=_as(rig, "admin"))
    _post(rig, http, f"topups/{asked.json()['id']}/deny", {"note": "over"})


def test_others_see_and_touch_only_what_is_their_accounts(
    rig: ApiRig, http: httpx2.Client, waiting: dict[str, Any]
) -> None:
    foreign = _post(rig, http, "topups", {**ASK, "target": "other"}).json()
    for headers in (rig.bearer(), _as(rig, "analyst")):
        seen = {each["topUp"]["target"] for each in http.get("/api/admin/topups", headers=headers).json()["topUps"]}
        assert seen == {"acme"} | ({key_id(rig.service.reveal())} & seen)
        assert http.post(f"/api/admin/topups/{foreign['id']}/withdraw", json={}, headers=headers).status_code == 404
    assert _post(rig, http, "topups", {**ASK, "target": "other"}, "analyst").status_code == 403
    listed = http.get("/api/admin/topups", headers=_as(rig, "admin")).json()["topUps"]
    assert [each["word"] for each in listed[:2]] == ["waiting", "waiting"]
    assert {foreign["id"], waiting["id"]} <= {each["topUp"]["id"] for each in listed}
    _post(rig, http, f"topups/{foreign['id']}/deny", {"note": "over"})


@pytest.mark.parametrize(
    ("role", "asks", "decides"),
    [("owner", 200, 200), ("admin", 200, 200), ("analyst", 200, 403), ("operator", 403, 403), ("viewer", 403, 403)],
)
def test_analysts_ask_and_admins_decide(rig: ApiRig, http: httpx2.Client, role: str, asks: int, decides: int) -> None:
    assert http.get("/api/admin/topups", headers=_as(rig, role)).status_code == asks
    made = _post(rig, http, "topups", ASK, role)
    assert made.status_code == asks
    topup = made.json() if asks == 200 else _post(rig, http, "topups", ASK).json()
    assert _post(rig, http, f"topups/{topup['id']}/deny", {"note": "no"}, role).status_code == decides
    assert http.get("/api/admin/leases", headers=_as(rig, role)).status_code == decides
    _post(rig, http, f"topups/{topup['id']}/deny", {"note": "over"})
    assert http.post("/api/admin/topups/x/approve", json={}, headers=rig.bearer()).status_code == 403


def test_so_many_requests_may_wait_and_no_more(rig: ApiRig, http: httpx2.Client) -> None:
    made = [_post(rig, http, "topups", {**ASK, "target": "other"}) for _ in range(6)]
    assert [each.status_code for each in made] == [*[200] * 5, 400]
    assert made[-1].json()["error"]["field"] == "target"
    for each in made[:-1]:
        _post(rig, http, f"topups/{each.json()['id']}/deny", {"note": "over"})


async def test_a_lease_is_written_off_only_once_its_process_cannot_come_back_and_that_is_on_record(
    rig: ApiRig, http: httpx2.Client
) -> None:
    now = datetime.now(UTC)
    budget = Budget(id="d", scope="account", target="acme", period="daily", limit=10**9)
    for lease, seconds in (("gone-1", 91), ("late-1", 30)):
        ends = now - timedelta(seconds=seconds)
        ask = LeaseAsk(
            lease=lease, budget=budget, period="2020-01-01", keep=0, settled=0, ends_at=ends, need=5, demand=5
        )
        await rig.money.store.adjust("dead-writer", [ask])
    listed = http.get("/api/admin/leases", headers=_as(rig, "admin")).json()["leases"]
    assert [(each["lease"]["id"], each["mayBeWrittenOff"]) for each in listed] == [("gone-1", True), ("late-1", False)]
    assert listed[0]["lease"] == {
        "id": "gone-1", "budget": "account:acme:daily", "period": "2020-01-01", "writer": "dead-writer", "held": 5,
        "endsAt": listed[0]["lease"]["endsAt"],
    }  # fmt: skip
    assert listed[0]["overdueS"] >= 91
    early = _post(rig, http, "leases/late-1/write-off")
    assert (early.status_code, early.json()["error"]["field"]) == (400, "id")
    assert _post(rig, http, "leases/gone-1/write-off").json() == {"id": "gone-1", "givenBack": 5}
    assert _post(rig, http, "leases/gone-1/write-off").status_code == 404
    (act,) = [each for each in rig.desk.log.taken if each.action == "lease.written_off"]
    assert (act.target, act.account_id, act.before and act.before["held"]) == ("gone-1", "acme", 5)
    assert act.detail["writer"] == "dead-writer"
