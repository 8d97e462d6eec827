"""The cache of answers over HTTP: its header, its figures, its purge."""

import re
from typing import Any

import httpx2
import msgspec
import pytest

from router_core.types import CacheReport, FinishPart, StartPart
from tests.support.api_server import ApiRig, response

ORDERS: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "everything"),
    ({"everything": True, "useCase": "draft"}, "everything"),
    ({"accountId": "nobody"}, "accountId"),
    ({"useCase": "a b"}, "useCase"),
    ({"useCase": "nope"}, "useCase"),
    ({"useCase": "nope", "accountId": "acme"}, "useCase"),
    ({"account": "acme"}, "account"),
)


def admin(rig: ApiRig) -> dict[str, str]:
    return {"x-api-key": rig.admin.reveal()}


def test_every_answer_to_somebody_says_that_nobody_may_keep_it(rig: ApiRig, http: httpx2.Client) -> None:
    body = {"prompt": "hello"}
    answers = [
        http.post("/api/llm", json=body, headers=rig.bearer()),
        http.post("/api/llm", json={**body, "stream": True}, headers=rig.bearer()),
        http.post("/api/llm", json={**body, "stream": True, "streamProtocol": "data"}, headers=rig.bearer()),
        http.get("/api/admin/cache", headers=admin(rig)),
        http.get("/api/admin/cache"),
    ]
    assert [(each.status_code, each.headers.get_list("cache-control")) for each in answers] == [
        (200, ["no-store"]), (200, ["no-store"]), (200, ["no-store"]), (200, ["no-store"]), (401, ["no-store"]),
    ]  # fmt: skip


def test_an_answer_says_what_the_cache_had_when_it_was_asked(rig: ApiRig, http: httpx2.Client) -> None:
    shared = msgspec.structs.replace(response("r"), cache="shared", cached=True)
    rig.router.parts = (StartPart("r", "p", "m", "shared"), FinishPart(shared))
    asked = http.post("/api/llm", json={"prompt": "hello", "stream": True}, headers=rig.bearer())
    rig.router.parts = ()
    plain = http.post("/api/llm", json={"prompt": "hello"}, headers=rig.bearer())
    assert (asked.headers["x-signalbox-cache"], "x-signalbox-cache" in plain.headers) == ("shared", False)
    assert '"cache":"shared"' in asked.text
    assert "cache" not in msgspec.json.decode(plain.content)


def test_the_figures_are_those_of_the_process(rig: ApiRig, http: httpx2.Client) -> None:
    found = msgspec.json.decode(http.get("/api/admin/cache", headers=admin(rig)).content, type=CacheReport)
    assert found == rig.cache.answers.report()
    stats = http.get("/api/admin/stats", headers=admin(rig)).json()["cache"]
    assert stats["store"]["kind"] == "memory"
    text = http.get("/metrics").text
    shown = {
        name for name, labels in re.findall(r"^signalbox_cache_(\w+)\{(node=\"[^\"]*\")\} 0\.0$", text, re.MULTILINE)
    }
    assert shown >= {"hits", "misses", "shared", "flights", "faults", "bytes"}


@pytest.mark.parametrize(
    ("order", "part"),
    [
        ({"accountId": "acme"}, ("acme", "")), ({"useCase": "draft"}, ("", "draft")),
        ({"accountId": "acme", "useCase": "draft"}, ("acme", "draft")), ({"everything": True}, ("", "")),
    ],
)  # fmt: skip
def test_a_purge_is_in_force_and_on_record(
    rig: ApiRig, http: httpx2.Client, order: dict[str, Any], part: tuple[str, str]
) -> None:
    before = rig.cache.config.snapshot().cache_marks.get(part, 0)
    done = http.post("/api/admin/cache/purge", json=order, headers=admin(rig)).json()
    snapshot = rig.cache.config.snapshot()
    assert (done["revision"], snapshot.cache_marks[part]) == (snapshot.revision, before + 1)
    act = rig.desk.log.taken[-1]
    assert (act.action, act.account_id, act.detail) == (
        "cache.purged", order.get("accountId"), {"accountId": order.get("accountId"), "useCase": order.get("useCase")},
    )  # fmt: skip


@pytest.mark.parametrize(("order", "field"), ORDERS)
def test_an_order_that_means_nothing_is_refused_by_field(
    rig: ApiRig, http: httpx2.Client, order: dict[str, Any], field: str
) -> None:
    revision = rig.cache.config.snapshot().revision
    refused = http.post("/api/admin/cache/purge", json=order, headers=admin(rig))
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)
    assert rig.cache.config.snapshot().revision == revision


def test_without_a_record_nothing_is_purged(rig: ApiRig, http: httpx2.Client) -> None:
    revision = rig.cache.config.snapshot().revision
    rig.desk.log.down = True
    refused = http.post("/api/admin/cache/purge", json={"everything": True}, headers=admin(rig))
    rig.desk.log.down = False
    assert (refused.status_code, rig.cache.config.snapshot().revision) == (503, revision)


def test_there_are_no_matches_to_look_over_and_none_to_call_wrong(rig: ApiRig, http: httpx2.Client) -> None:
    assert http.get("/api/admin/cache/matches", headers=admin(rig)).json() == {"matches": []}
    missing = http.post("/api/admin/cache/matches/none/wrong", headers=admin(rig))
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "NOT_FOUND")
