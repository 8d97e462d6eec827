"""Embeddings: asked of who is configured for them, else of whoever lends its upstream, and on record like all else."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from router_core.api.openai_compatible.embeddings import MAX_INPUTS, MAX_TOKENS, parse_embeddings
from router_core.errors import ModelNotFoundError, NetworkError, ProviderModelError, ValidationError
from router_core.selection import select
from router_core.selection.standings import MOST_LENDERS
from router_core.types import KeyScopes, ProviderAnswer, ProviderConfig, RelayedRequest, Snapshot, Usage
from tests.support.asgi_calls import Heard
from tests.support.core_fakes import CoreRig, LedgerBudget, answer, provider, rig
from tests.support.relay_desk import relay_desk

MODEL = "text-embedding-3-small"
BODY = b'{"object": "list",  "data": []}'
READ = Usage(input_tokens=7)
VECTORS: ProviderAnswer = answer("", usage=READ, model=MODEL, native=BODY)
GPT, OTHER, CLAUDE = "openai-gpt4o-mini", "openai-gpt4o", "anthropic-claude-haiku-4-5"


def parsed(given: Any = "Hello", model: str = MODEL, **fields: Any) -> RelayedRequest:
    return parse_embeddings(json.dumps({"model": model, "input": given, **fields}).encode(), {})


async def embed(core: CoreRig, given: Any = "Hello", scopes: KeyScopes | None = None, **fields: Any) -> Heard:
    desk = await relay_desk(core.router) if scopes is None else await relay_desk(core.router, scopes=scopes)
    return await desk.ask("/v1/embeddings", {"model": MODEL, "input": given, **fields})


def planned(rows: Sequence[ProviderConfig], model: str = MODEL, account: str | None = "acme") -> list[tuple[str, str]]:
    plan = select(parsed(model=model), Snapshot(rows), account, lambda _: None)
    return [(each.provider.name, each.provider.model) for each in plan.candidates]


async def test_the_vendor_s_bytes_come_back_unchanged_and_the_request_is_on_record() -> None:
    core = rig()
    core.adapters.script(GPT, VECTORS)
    heard = await embed(core, ["Hello", "there"], dimensions=8, user="u-1", api_base="x")
    assert (heard.status, heard.body) == (200, BODY)
    headers = dict(heard.headers)
    assert headers[b"x-signalbox-provider"] == GPT.encode()
    event = core.events.only
    assert (event.use_case, event.provider, event.model, event.status) == ("embeddings", GPT, MODEL, "success")
    assert (event.usage, event.account_id, event.metadata) == (READ, "acme", {"user": "u-1"})
    (call,) = core.adapters.calls
    assert isinstance(call.request, RelayedRequest)
    assert {name: json.loads(bytes(value)) for name, value in call.request.native.fields.items()} == {
        "input": ["Hello", "there"], "dimensions": 8, "user": "u-1",
    }  # fmt: skip
    core.assert_nothing_held()


async def test_a_failure_is_tried_elsewhere_and_nobody_of_another_kind_is_asked() -> None:
    core = rig()
    core.adapters.script(GPT, NetworkError("gone", provider=GPT), NetworkError("gone", provider=GPT))
    core.adapters.script(OTHER, VECTORS)
    assert (await embed(core)).body == BODY
    assert set(core.adapters.called) == {GPT, OTHER}
    core.assert_nothing_held()


async def test_a_model_that_the_vendor_does_not_know_is_404() -> None:
    core = rig()
    core.adapters.always(GPT, ProviderModelError("no such model", provider=GPT))
    core.adapters.always(OTHER, ProviderModelError("no such model", provider=OTHER))
    heard = await embed(core)
    assert (heard.status, json.loads(heard.body)["error"]["code"]) == (404, "model_not_found")


async def test_nothing_is_called_for_who_has_no_money_left() -> None:
    core = rig(ledger=LedgerBudget(spent_out=True))
    heard = await embed(core)
    assert (heard.status, json.loads(heard.body)["error"]["type"]) == (402, "insufficient_quota")
    assert core.adapters.calls == []
    assert core.events.only.use_case == "embeddings"


async def test_what_is_held_is_for_reading_alone_and_unknown_without_a_price() -> None:
    core = rig([provider("embedder", model="gpt-4o-mini"), provider("unpriced", model=MODEL)])
    core.adapters.script("embedder", VECTORS)
    core.adapters.script("unpriced", VECTORS)
    await embed(core, [[1] * 1_000, [2] * 1_000], model="embedder")
    await embed(core)
    # 2,000 tokens and the message's 4, with what is held on top of every estimate, at 0.15 dollars a million.
    assert [entry.bound for entry in core.ledger.entries] == [(2_004 + 401 + 12) * 150, None]


async def test_answers_are_kept_for_who_asks_for_it() -> None:
    core = rig()
    core.adapters.script(GPT, VECTORS)
    desk = await relay_desk(core.router)
    asked = {"model": MODEL, "input": "Hello"}
    heard = [await desk.ask("/v1/embeddings", asked, x_signalbox_cache="60") for _ in range(2)]
    assert [each.body for each in heard] == [BODY, BODY]
    assert [dict(each.headers)[b"x-signalbox-cache"] for each in heard] == [b"miss", b"hit"]
    assert core.adapters.called == [GPT]


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        (KeyScopes(models=(MODEL,)), 200),
        (KeyScopes(models=("gpt-4o-mini",)), 403),
        (KeyScopes(use_cases=("embeddings",)), 200),
        (KeyScopes(use_cases=("draft",)), 403),
        (KeyScopes(routes=("/v1/embeddings",)), 200),
        (KeyScopes(routes=("/v1/responses",)), 403),
    ],
)
async def test_a_limited_key_gets_no_further_here_either(scopes: KeyScopes, status: int) -> None:
    core = rig()
    core.adapters.always(GPT, VECTORS)
    assert (await embed(core, scopes=scopes)).status == status


async def test_a_model_that_makes_no_vectors_is_what_is_wrong() -> None:
    heard = await embed(rig(), model="claude-haiku-4-5")
    assert (heard.status, json.loads(heard.body)["error"]["param"]) == (400, "model")


# --- who is asked --------------------------------------------------------------------------------------------------


def test_a_row_of_the_model_or_of_that_name_goes_before_borrowed_upstreams() -> None:
    rows = [provider("chat"), provider("vectors", model=MODEL), provider("claude", kind="anthropic", model="claude")]
    assert planned(rows) == [("vectors", MODEL)]
    assert planned(rows, "vectors") == [("vectors", MODEL)]
    assert planned(rows, "text-embedding-3-large") == [
        ("chat", "text-embedding-3-large"), ("vectors", "text-embedding-3-large"),
    ]  # fmt: skip
    assert planned(rows, "claude") == []


def test_only_rows_that_the_account_may_use_lend_theirs_its_own_first() -> None:
    rows = [
        provider("global"), provider("off", is_active=False), provider("own", account_id="acme"),
        provider("foreign", account_id="globex"),
    ]  # fmt: skip
    assert [name for name, _ in planned(rows)] == ["own", "global"]
    assert [name for name, _ in planned(rows, account=None)] == ["global"]


def test_a_plan_does_not_grow_with_the_number_of_rows() -> None:
    assert len(planned([provider(f"row-{place}") for place in range(100)])) == MOST_LENDERS


@pytest.mark.parametrize(
    "model",
    ["gpt-5", "openai/../embed", "https://embed", "embed" * 20, "use-case:embed", "use-case:draft", "-embed", "embéd"],
)
def test_row_53_a_name_that_is_none_of_an_embedding_model_is_not_found(model: str) -> None:
    with pytest.raises(ModelNotFoundError):
        planned([provider("chat")], model)


def test_without_a_row_of_the_vendor_there_is_no_model() -> None:
    with pytest.raises(ModelNotFoundError):
        planned([provider("claude", kind="anthropic", model="claude")])


# --- what is asked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "prompt", "counted"),
    [
        ("Hello", "Hello", 1),
        (["Hello", "there"], "Hello\nthere", 2),
        ([1, 2, 3], "", 3),
        ([[1, 2], [3]], "", 3),
    ],
)
def test_texts_are_on_record_and_tokens_are_counted(given: Any, prompt: str, counted: int) -> None:
    request = parsed(given)
    assert (request.prompt, request.native.unseen_tokens) == (prompt, counted)
    assert (request.model_override, request.stream) == (MODEL, False)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"given": ""}, "input"),
        ({"given": []}, "input"),
        ({"given": {"a": 1}}, "input"),
        ({"given": ["a", 1]}, "input"),
        ({"given": ["a", [1]]}, "input"),
        ({"given": ["a", ""]}, "input[1]"),
        ({"given": [[1], []]}, "input[1]"),
        ({"given": [-1]}, "input[0]"),
        ({"given": [1.5]}, "input[0]"),
        ({"given": ["a"] * (MAX_INPUTS + 1)}, "input"),
        ({"given": [[1] * (MAX_TOKENS // 2)] * 2 + [[1]]}, "input"),
        ({"given": [1] * (MAX_TOKENS + 1)}, "input"),
        ({"dimensions": 0}, "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format"),
        ({"model": ""}, "model"),
    ],
)
def test_a_fault_is_named_by_its_place(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parsed(**fields)
    assert caught.value.field == field
