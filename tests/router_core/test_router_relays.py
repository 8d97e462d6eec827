"""Requests in a vendor's own protocol, through the whole router: money, the cache, what is kept, what is resumed."""

import asyncio
from typing import Any

import pytest
from msgspec import Raw

from router_core.cost.prices import FixedPrices
from router_core.errors import NetworkError, ValidationError
from router_core.types import (
    AnswerEnd,
    CachePolicy,
    FinishPart,
    NativeEvents,
    NativeRequest,
    Principal,
    ProviderAnswer,
    Rates,
    ReasoningDelta,
    ReasoningPart,
    RelayedRequest,
    RelayedResponse,
    Snapshot,
    StreamPart,
    TextDelta,
    Usage,
    UseCasePolicy,
)
from tests.support.core_fakes import CoreRig, provider, rig

BODY = b'{"choices":[{"message":{"content":"Hi"}}]}'
USED = Usage(input_tokens=1000, output_tokens=500)
KEEP = CachePolicy(ttl_seconds=60)
WORD, LAST = b'{"choices":[{"index":0,"delta":{"content":"Hi"}}]}', b"[DONE]"
ANSWER = ProviderAnswer(
    text="Hi", finish_reason="stop", usage=USED, model="gpt-4o-mini", native=BODY,
    reasoning=(ReasoningPart(text="Hm"),),
)  # fmt: skip
STREAM = (
    NativeEvents((WORD,), 1), TextDelta("Hi"), NativeEvents((LAST,)),
    AnswerEnd(finish_reason="stop", usage=USED, model="gpt-4o-mini"),
)  # fmt: skip


def relayed(*, streamed: bool = False, cache: CachePolicy | None = None, **native: Any) -> RelayedRequest:
    fields = {"messages": Raw(b'[{"role":"user","content":"Hello"}]')}
    made = NativeRequest(protocol="openai-chat", fields={**fields, **native.pop("fields", {})}, **native)
    return RelayedRequest(prompt="Hello", temperature=None, stream=streamed, cache=cache, native=made)


async def read(desk: CoreRig, request: RelayedRequest) -> list[StreamPart]:
    return [part async for part in desk.router.stream(request, request_id="r-1")]


def one_row() -> CoreRig:
    return rig([provider("a", use_cases=("general",), is_default=True)])


async def test_the_vendor_s_body_comes_with_what_it_says_in_our_terms() -> None:
    desk = one_row()
    desk.adapters.script("a", ANSWER)
    response = await desk.router.complete(relayed())
    assert isinstance(response, RelayedResponse)
    assert (response.native, response.text, response.spent) == (BODY, "Hi", USED)
    assert response.reasoning == (ReasoningPart(text="Hm"),)


async def test_what_is_held_grows_with_the_answers_that_are_asked_for() -> None:
    desk = one_row()
    desk.adapters.script("a", ANSWER, ANSWER)
    for choices in (1, 4):
        await desk.router.complete(relayed(choices=choices))
    one, four = (entry.bound for entry in desk.ledger.entries)
    assert one is not None
    assert four is not None
    read_alone = one - (four - one) // 3
    assert four == read_alone + 4 * (one - read_alone)
    assert one > read_alone > 0


@pytest.mark.parametrize(("asked", "answered", "cost"), [
    ("priority", "priority", 2_000), ("priority", None, 2_000), ("priority", "", 1_000), ("", "priority", 2_000),
    ("", None, 1_000),
])  # fmt: skip
async def test_a_tier_of_service_has_its_own_price_by_what_the_vendor_says_it_was(
    asked: Any, answered: Any, cost: int
) -> None:
    desk = one_row()
    rates = {"gpt-4o-mini": Rates.of(1_000_000, 0), "gpt-4o-mini@priority": Rates.of(2_000_000, 0)}
    desk.router._prices = FixedPrices(rates)
    used = ProviderAnswer(text="Hi", finish_reason="stop", usage=USED, model="gpt-4o-mini", tier=answered)
    desk.adapters.script("a", used)
    await desk.router.complete(relayed(tier=asked))
    assert desk.events.only.cost == cost
    assert desk.ledger.entries[0].closes == [cost]


async def test_a_tier_without_a_price_is_no_tier_at_the_standard_price() -> None:
    desk = one_row()
    desk.adapters.script("a", ANSWER)
    await desk.router.complete(relayed(tier="flex"))
    assert desk.events.only.unpriced == (("gpt-4o-mini", "a"),)
    assert desk.ledger.entries[0].bound is None


async def test_an_equal_request_is_answered_with_the_vendor_s_own_body() -> None:
    desk = one_row()
    desk.adapters.script("a", ANSWER)
    for user in (b'"ada"', b'"bob"'):
        response = await desk.router.complete(relayed(cache=KEEP, fields={"user": Raw(user)}))
        assert isinstance(response, RelayedResponse)
        assert response.native == BODY
    assert (response.cached, len(desk.adapters.calls)) == (True, 1)


async def test_a_stream_of_a_kept_answer_is_told_in_our_terms_unless_only_the_vendor_s_bytes_are_an_answer() -> None:
    desk = one_row()
    desk.adapters.script("a", ANSWER, ANSWER, STREAM)
    await desk.router.complete(relayed(cache=KEEP))
    parts = await read(desk, relayed(cache=KEEP, streamed=True))
    assert [part for part in parts if isinstance(part, TextDelta | NativeEvents)] == [TextDelta("Hi")]
    exact: dict[str, Any] = {"needs": ("n",), "verbatim": True}
    await desk.router.complete(relayed(cache=KEEP, **exact))
    for _ in range(2):
        parts = await read(desk, relayed(cache=KEEP, streamed=True, **exact))
        told = [each for part in parts if isinstance(part, NativeEvents) for each in part.payloads]
        assert told == [WORD, LAST]
    end = parts[-1]
    assert isinstance(end, FinishPart)
    assert (end.response.cached, end.response.text, len(desk.adapters.calls)) == (True, "Hi", 3)


async def test_a_stream_that_breaks_goes_on_elsewhere_in_our_terms() -> None:
    rows = [provider(name, use_cases=("general",), is_default=name == "b") for name in ("a", "b")]
    policies = {"general": UseCasePolicy(mid_stream="resume")}
    desk = rig(Snapshot(rows, policies=policies))
    desk.adapters.script("a", (*STREAM[:2], NetworkError("connection reset", provider="a")))
    desk.adapters.script("b", (TextDelta(" there"), STREAM[-1]))
    parts = await read(desk, relayed(streamed=True))
    shown = [part for part in parts if isinstance(part, TextDelta | NativeEvents)]
    assert shown == [NativeEvents((WORD,), 1), TextDelta("Hi"), TextDelta(" there")]
    assert not isinstance(desk.adapters.calls[1].request, RelayedRequest)


async def test_what_was_asked_and_answered_is_kept_where_the_account_wants_it() -> None:
    row = provider("a", use_cases=("general",), is_default=True)
    desk = rig(Snapshot([row], content_accounts=frozenset({"acme"})))
    desk.adapters.script("a", ANSWER)
    acme = Principal(kind="key", id="k", name="k", role="service", accounts=("acme",))
    await desk.router.complete(relayed(), acme)
    content = desk.events.only.content
    assert content is not None
    assert (content.prompt, content.answer) == ("Hello", "Hi")


async def test_thoughts_of_a_stream_are_in_the_answer() -> None:
    desk = one_row()
    desk.adapters.script("a", (ReasoningDelta("Hm"), TextDelta("Hi"), STREAM[-1]))
    end = (await read(desk, relayed(streamed=True)))[-1]
    assert isinstance(end, FinishPart)
    assert isinstance(end.response, RelayedResponse)
    assert end.response.reasoning == (ReasoningPart(text="Hm"),)


async def test_equal_streams_at_once_share_one_call_and_the_vendor_s_own_events() -> None:
    desk = one_row()
    desk.adapters.script("a", STREAM)
    asked = [relayed(cache=KEEP, streamed=True, fields={"user": Raw(name)}) for name in (b'"ada"', b'"bob"')]
    one, other = await asyncio.gather(*(read(desk, request) for request in asked))
    assert one[1:-1] == other[1:-1] == list(STREAM[:-1])
    assert len(desk.adapters.calls) == 1


async def test_a_request_that_nobody_can_say_names_the_field() -> None:
    desk = rig([provider("c", kind="anthropic", use_cases=("general",), is_default=True)])
    for needs, field in ((("n", "logprobs"), "n"), (("content of type file",), None)):
        with pytest.raises(ValidationError, match="knows no") as caught:
            await desk.router.complete(relayed(needs=needs))
        assert caught.value.field == field
