"""Rate limits over HTTP: seen, set, removed, reset; by heads alone, named faults, each act on record."""

from collections.abc import Awaitable
from typing import Any

import httpx2
import pytest
from msgspec import structs

from router_core.clock import SystemClock
from router_core.ports import Draw, LimitAsk
from router_core.security.api_keys import new_api_key
from router_core.types import LimitBook
from tests.support.api_server import ApiRig

PATH = "/api/admin/limits"
KEY = new_api_key(b"pepper", SystemClock(), account_id="acme", role="service", name="limited").record
HEADS = ("owner", "admin")


def headers(rig: ApiRig) -> dict[str, str]:
    return {"x-api-key": rig.admin.reveal()}


def drained(rig: ApiRig, count: int = 50, account: str = "acme") -> None:
    """Take ``count`` requests of an account's limit, and ask for one more."""
    buckets = book(rig).buckets("account", account)
    for number in range(count + 1):
        settle(rig.rates.limiter.take(LimitAsk(f"r{number}", tuple(Draw(each, 1) for each in buckets))))


def settle(work: Awaitable[object]) -> None:
    """Drive what never waits to its end."""
    running = work.__await__()
    with pytest.raises(StopIteration):
        next(running)


def book(rig: ApiRig) -> LimitBook:
    return rig.rates.config.snapshot().limits


def test_every_limit_is_listed_with_what_is_left_and_how_often_it_refused(rig: ApiRig, http: httpx2.Client) -> None:
    drained(rig)
    found = http.get(PATH, headers=headers(rig)).json()
    acme = next(each for each in found["limits"] if each["limit"]["target"] == "acme")
    assert (acme["own"], acme["limit"]["requestsPerSecond"], acme["limit"]["burst"]) == (False, 10.0, 50)
    (bucket,) = acme["buckets"]
    assert (bucket["unit"], bucket["capacity"], bucket["throttled"]) == ("requests", 50.0, 1)
    assert bucket["left"] < 50
    assert (found["limiter"]["kind"], found["limiter"]["refused"]) == ("memory", 1)


def test_a_reset_gives_an_account_its_burst_back(rig: ApiRig, http: httpx2.Client) -> None:
    drained(rig, account="other")
    answer = http.post(f"{PATH}/other/reset", headers=headers(rig))
    assert answer.json() == {"scope": "account", "target": "other"}
    assert http.get(f"{PATH}/other", headers=headers(rig)).json()["buckets"][0]["left"] == 50


@pytest.mark.parametrize(
    ("path", "scope", "target"),
    [
        ("acme", "account", "acme"),
        ("keys/k1", "key", "k1"),
        ("use-cases/draft", "use_case", "draft"),
        ("providers/openai-gpt4o", "provider", "openai-gpt4o"),
    ],
)
def test_a_limit_is_set_seen_reset_and_removed(
    rig: ApiRig, http: httpx2.Client, path: str, scope: str, target: str
) -> None:
    if scope == "key":
        settle(rig.keys.create(structs.replace(KEY, id=target)))
    order = {"requestsPerSecond": 2.5, "burst": 7, "tokensPerMinute": 900, "concurrency": 3}
    put = http.put(f"{PATH}/{path}", json=order, headers=headers(rig))
    assert put.status_code == 200
    limit = http.get(f"{PATH}/{path}", headers=headers(rig)).json()["limit"]
    assert {name: limit[name] for name in order} == order
    assert (limit["scope"], limit["target"]) == (scope, target)
    assert http.post(f"{PATH}/{path}/reset", headers=headers(rig)).json() == {"scope": scope, "target": target}
    gone = http.delete(f"{PATH}/{path}", headers=headers(rig)).json()
    assert gone["limit"]["requestsPerSecond"] == (10.0 if scope == "account" else None)
    assert http.delete(f"{PATH}/{path}", headers=headers(rig)).status_code == 404


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({}, "requestsPerSecond"),
        ({"requestsPerSecond": 0}, "requestsPerSecond"),
        ({"requestsPerSecond": 1, "burst": 0}, "burst"),
        ({"burst": 5, "concurrency": 1}, "burst"),
        ({"rps": 1}, "rps"),
        ({"requestsPerSecond": "fast"}, "requestsPerSecond"),
    ],
)
@pytest.mark.parametrize("path", ["acme", "providers/openai-gpt4o"])
def test_what_cannot_be_is_refused_by_name(
    rig: ApiRig, http: httpx2.Client, path: str, order: dict[str, Any], field: str
) -> None:
    answer = http.put(f"{PATH}/{path}", json=order, headers=headers(rig))
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


@pytest.mark.parametrize("path", ["nobody", "providers/nobody", "keys/nobody", "use-cases/nothing"])
def test_what_does_not_exist_is_404(rig: ApiRig, http: httpx2.Client, path: str) -> None:
    put = http.put(f"{PATH}/{path}", json={"requestsPerSecond": 1}, headers=headers(rig))
    assert put.status_code == 404
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/reset")):
        assert http.request(method, f"{PATH}/{path}{tail}", headers=headers(rig)).status_code == 404


def test_heads_alone_change_and_analysts_see_their_own_accounts(rig: ApiRig, http: httpx2.Client) -> None:
    for role, session in rig.sessions.items():
        cookie = {"cookie": f"signalbox_session={session.token.reveal()}", "origin": rig.url}
        listed = http.get(PATH, headers=cookie)
        assert listed.status_code == (200 if role in (*HEADS, "analyst") else 403), role
        reset = http.post(f"{PATH}/acme/reset", headers=cookie)
        assert reset.status_code == (200 if role in HEADS else 403), role
        if role == "analyst":
            assert [each["limit"]["target"] for each in listed.json()["limits"]] == ["acme"]
            assert http.get(f"{PATH}/other", headers=cookie).status_code == 403
    assert http.get(PATH, headers=rig.bearer()).status_code == 403


def test_every_act_is_on_record_with_what_was_before(rig: ApiRig, http: httpx2.Client) -> None:
    http.put(f"{PATH}/acme", json={"requestsPerSecond": 3, "burst": 4}, headers=headers(rig))
    http.post(f"{PATH}/acme/reset", headers=headers(rig))
    http.delete(f"{PATH}/acme", headers=headers(rig))
    acts = [each for each in rig.desk.log.taken if each.action.startswith("limit.")][-3:]
    assert [each.action for each in acts] == ["limit.set", "limit.reset", "limit.dropped"]
    assert {each.target for each in acts} == {"account:acme"}
    assert acts[0].before is not None
    assert acts[0].before["requests_per_second"] == 10.0
    assert acts[0].after is not None
    assert acts[0].after["burst"] == 4


def test_the_stats_tell_of_the_limiter(rig: ApiRig, http: httpx2.Client) -> None:
    stats = http.get("/api/admin/stats", headers=headers(rig)).json()["limits"]
    assert (stats["kind"], stats["share"]) == ("memory", 1)
    assert "signalbox_limits_refused" in http.get("/metrics").text
