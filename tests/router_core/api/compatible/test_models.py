"""``/v1/models``: what a caller may name, in the shape of its client's protocol."""

import json
from typing import Any

import pytest

from router_core.selection import offers
from router_core.types import UNLIMITED, Flags, KeyScopes, Snapshot
from tests.support.core_fakes import provider, rig, standard_providers
from tests.support.relay_desk import relay_desk

MINI, GPT4O = "openai-gpt4o-mini", "openai-gpt4o"
USE_CASES = [f"use-case:{name}" for name in ("draft", "summary", "complex", "vision", "general", "voice")]


def names(rows: Any = None, account: str | None = None, scopes: KeyScopes = UNLIMITED, **snapshot: Any) -> list[str]:
    given = Snapshot(standard_providers() if rows is None else rows, **snapshot)
    return [each.name for each in offers(given, account, scopes)]


def test_models_come_first_then_providers_then_use_cases() -> None:
    assert names()[:2] == ["gpt-4o-mini", "gpt-4o"]
    assert names()[4:6] == [MINI, GPT4O]
    assert names()[8:] == USE_CASES


def test_what_cannot_serve_or_is_not_the_caller_s_is_not_listed() -> None:
    rows = [
        provider("a", model="m-a", use_cases=("draft",)),
        provider("off", model="m-off", use_cases=("general",), is_active=False),
        provider("theirs", model="m-theirs", account_id="globex", use_cases=("contracts",)),
        provider("claude", model="m-claude", kind="anthropic", use_cases=("summary",)),
    ]
    assert names(rows, "acme", flags=Flags(anthropic=False)) == ["m-a", "a", "use-case:draft"]
    assert {"m-theirs", "theirs", "use-case:contracts"} <= set(names(rows, "globex"))


@pytest.mark.parametrize(
    ("scopes", "listed"),
    [
        (KeyScopes(models=("gpt-4o",)), ["gpt-4o", GPT4O, "use-case:complex", "use-case:vision"]),
        (KeyScopes(use_cases=("draft",)), ["use-case:draft"]),
        (KeyScopes(models=("nothing",)), []),
    ],
)
def test_a_limited_key_sees_what_it_may_use(scopes: KeyScopes, listed: list[str]) -> None:
    assert names(scopes=scopes) == listed


def test_a_provider_that_is_called_like_a_model_is_listed_once() -> None:
    assert names([provider("same", model="same", use_cases=("draft",))]) == ["same", "use-case:draft"]


async def test_each_protocol_s_clients_get_its_own_list() -> None:
    desk = await relay_desk(rig().router)
    heard = await desk.ask("/v1/models", method="GET")
    listed = json.loads(heard.body)
    assert listed["object"] == "list"
    assert listed["data"][0] == {"id": "gpt-4o-mini", "object": "model", "created": 0, "owned_by": "openai"}
    one = await desk.ask("/v1/models/use-case:draft", method="GET")
    assert json.loads(one.body)["owned_by"] == "signalbox"
    theirs = await desk.ask("/v1/models/gpt-4o", method="GET", anthropic_version="2023-06-01")
    assert json.loads(theirs.body) == {
        "type": "model", "id": "gpt-4o", "display_name": "gpt-4o", "created_at": "1970-01-01T00:00:00Z",
    }  # fmt: skip


async def test_anthropic_s_list_comes_in_pages() -> None:
    desk = await relay_desk(rig().router)

    async def page(query: str) -> Any:
        heard = await desk.ask("/v1/models", method="GET", query=query, anthropic_version="2023-06-01")
        return json.loads(heard.body)

    whole = await page("")
    ids = [each["id"] for each in whole["data"]]
    assert (whole["has_more"], whole["first_id"], whole["last_id"], len(ids)) == (False, ids[0], ids[-1], 14)
    first = await page("limit=10")
    assert ([each["id"] for each in first["data"]], first["has_more"]) == (ids[:10], True)
    second = await page(f"limit=10&after_id={first['last_id']}")
    assert ([each["id"] for each in second["data"]], second["has_more"]) == (ids[10:], False)
    before = await page(f"limit=3&before_id={ids[5]}")
    assert ([each["id"] for each in before["data"]], before["has_more"]) == (ids[2:5], True)
    for wrong in ("limit=0", "limit=x", "limit=1001", "after_id=nothing"):
        assert (await page(wrong))["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("model", ["nothing", "theirs", "use-case:contracts"])
async def test_what_may_not_be_named_is_not_found(model: str) -> None:
    rows = [*standard_providers(), provider("theirs", account_id="globex", use_cases=("contracts",))]
    desk = await relay_desk(rig(rows).router)
    heard = await desk.ask(f"/v1/models/{model}", method="GET")
    assert (heard.status, json.loads(heard.body)["error"]["code"]) == (404, "model_not_found")
