"""Who is let in to POST /api/llm, and what the others see."""

import asyncio
from datetime import timedelta

import httpx2
import pytest

from router_core.clock import SystemClock
from router_core.security.api_keys import new_api_key
from tests.support.api_server import PEPPER, ApiRig
from tests.support.key_text import key_id

BODY = b'{"prompt":"x"}'
JSON = ("content-type", "application/json")


def _refused(http: httpx2.Client, *headers: tuple[str, str]) -> dict[str, object]:
    answer = http.post("/api/llm", content=BODY, headers=[JSON, *headers])
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    del error["requestId"]
    return dict(error)


def test_every_bad_credential_gets_the_same_answer(rig: ApiRig, http: httpx2.Client) -> None:
    key = rig.service.reveal()
    unknown = key.replace(key_id(key), "0" * 16)
    refusals = [
        _refused(http),
        _refused(http, ("authorization", "Bearer")),
        _refused(http, ("authorization", "Bearer " + "x" * 10_000)),
        _refused(http, ("authorization", "Basic " + key)),
        _refused(http, ("authorization", "Bearer " + key), ("x-api-key", key)),
        _refused(http, ("authorization", "Bearer " + key), ("authorization", "Bearer " + key)),
        _refused(http, ("authorization", "Bearer sbx_'; DROP--_x")),
        _refused(http, ("authorization", "Bearer " + unknown)),
        _refused(http, ("authorization", "Bearer " + key[:-1] + ("A" if key[-1] != "A" else "B"))),
        _refused(http, ("authorization", "Bearer " + key.swapcase())),
    ]
    assert all(refusal == refusals[0] for refusal in refusals)
    assert rig.router.requests == []


def test_a_key_past_its_end_gets_the_answer_of_an_unknown_one(rig: ApiRig, http: httpx2.Client) -> None:
    key, clock = rig.service.reveal(), SystemClock()
    unknown = key.replace(key_id(key), "0" * 16)
    ended = new_api_key(
        PEPPER, clock, account_id="acme", role="service", name="ended", expires_at=clock.utcnow() - timedelta(seconds=1)
    )
    asyncio.run(rig.keys.create(ended.record))
    answers = [_refused(http, ("authorization", f"Bearer {each}")) for each in (ended.key.reveal(), unknown)]
    assert answers[0] == answers[1]
    assert rig.router.requests == []


@pytest.mark.parametrize("header", ["Bearer", "bearer", "x-api-key"])
def test_a_good_key_is_accepted_in_either_header(header: str, rig: ApiRig, http: httpx2.Client) -> None:
    key = rig.service.reveal()
    name, value = ("x-api-key", key) if header == "x-api-key" else ("authorization", f"{header} {key}")
    answer = http.post("/api/llm", content=BODY, headers=[JSON, (name, value)])
    assert answer.status_code == 200
    assert rig.router.requests[0][1].accounts == ("acme",)


@pytest.mark.parametrize("account", ["other", "nobody"])
def test_a_service_key_naming_another_account_is_403_whether_it_exists_or_not(
    account: str, rig: ApiRig, http: httpx2.Client
) -> None:
    answer = http.post("/api/llm", json={"prompt": "x", "accountId": account}, headers=rig.bearer())
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


def test_an_admin_key_may_name_any_account_that_exists(rig: ApiRig, http: httpx2.Client) -> None:
    headers = {"x-api-key": rig.admin.reveal()}
    assert http.post("/api/llm", json={"prompt": "x", "accountId": "other"}, headers=headers).status_code == 200
    assert http.post("/api/llm", json={"prompt": "x", "accountId": "nobody"}, headers=headers).status_code == 400


def test_a_session_works_from_its_own_pages_only(rig: ApiRig, http: httpx2.Client) -> None:
    cookie = {"cookie": f"signalbox_session={rig.session.token.reveal()}"}
    statuses = {
        name: http.post("/api/llm", json={"prompt": "x"}, headers=cookie | headers).status_code
        for name, headers in {
            "own origin": {"origin": rig.url},
            "own site": {"sec-fetch-site": "same-origin"},
            "foreign origin": {"origin": "https://evil.example"},
            "same site": {"sec-fetch-site": "same-site", "origin": rig.url},
            "unknown": {},
        }.items()
    }
    assert statuses == {"own origin": 200, "own site": 200, "foreign origin": 403, "same site": 403, "unknown": 403}
