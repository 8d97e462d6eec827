"""What an API key is limited to: use cases and models, however a request comes to them."""

from typing import Any

import pytest
from msgspec import structs

from router_core.errors import (
    CircuitBreakerOpenError,
    ForbiddenError,
    LLMError,
    LLMProviderError,
    ProviderUnavailableError,
)
from router_core.types import CachePolicy, FinishPart, Flags, KeyScopes, LLMRequest, Principal, Snapshot
from tests.support.core_fakes import CoreRig, answer, ask, parts, provider, rig, service, standard_providers

MINI, BIG, HAIKU = "openai-gpt4o-mini", "openai-gpt4o", "anthropic-claude-haiku-4-5"


def limited(use_cases: tuple[str, ...] | None = None, models: tuple[str, ...] | None = None) -> Principal:
    """Return a service key of acme with those scopes."""
    return structs.replace(service("acme"), scopes=KeyScopes(use_cases=use_cases, models=models))


async def served(desk: CoreRig, request: LLMRequest, key: Principal, way: str) -> str:
    """Return the provider that serves ``request``, or would."""
    if way == "route":
        decision = desk.router.route(request, key)
        return next(each.provider for each in decision.considered if each.kept)
    if way == "complete":
        return (await desk.router.complete(request, key)).provider
    async for part in desk.router.stream(request, key):
        last = part
    assert isinstance(last, FinishPart)
    return last.response.provider


WAYS = pytest.mark.parametrize("way", ["complete", "stream", "route"])


@WAYS
@pytest.mark.parametrize(
    ("asked", "models", "provider"),
    [
        ({"use_case": "draft"}, None, HAIKU),
        ({"use_case": "draft"}, ("claude-haiku-4-5",), HAIKU),
        ({"use_case": "draft"}, ("gpt-4o-mini",), MINI),
        ({"use_case": "complex"}, ("gpt-4o-mini",), MINI),
        ({"model_override": "use-case:draft"}, ("claude-haiku-4-5",), HAIKU),
        ({"model_override": "claude-haiku-4-5"}, ("claude-haiku-4-5",), HAIKU),
        ({"model_override": HAIKU}, ("claude-haiku-4-5", "gpt-4o"), HAIKU),
    ],
)
async def test_routing_chooses_among_the_models_of_the_key(
    way: str, asked: dict[str, Any], models: tuple[str, ...] | None, provider: str
) -> None:
    desk = rig()
    said = parts("Hi") if way == "stream" else answer()
    for name in (MINI, BIG, HAIKU):
        desk.adapters.script(name, said)
    assert await served(desk, ask(**asked), limited(models=models), way) == provider
    desk.assert_nothing_held()


@WAYS
@pytest.mark.parametrize(
    ("asked", "scopes"),
    [
        ({"use_case": "draft"}, KeyScopes(models=("gpt-4o",))),
        ({"use_case": "draft"}, KeyScopes(models=())),
        ({"model_override": "gpt-4o"}, KeyScopes(models=("gpt-4o-mini",))),
        ({"model_override": BIG}, KeyScopes(models=("gpt-4o-mini",))),
        ({"model_override": BIG}, KeyScopes(models=(BIG,))),
        ({"model_override": "use-case:complex"}, KeyScopes(use_cases=("draft",))),
        ({}, KeyScopes(use_cases=("draft",))),
        ({"use_case": "draft"}, KeyScopes(use_cases=())),
        ({"model_override": "gpt-4o"}, KeyScopes(use_cases=("draft",))),
        ({"use_case": "nothing-like-it"}, KeyScopes(use_cases=("draft",))),
    ],
)
async def test_what_is_outside_the_scopes_is_forbidden_and_calls_nobody(
    way: str, asked: dict[str, Any], scopes: KeyScopes
) -> None:
    desk = rig()
    with pytest.raises(ForbiddenError):
        await served(desk, ask(**asked), structs.replace(service("acme"), scopes=scopes), way)
    assert desk.adapters.called == []
    desk.assert_nothing_held()


async def test_a_dropped_model_is_named_with_the_reason() -> None:
    decision = rig().router.route(ask(use_case="draft"), limited(models=("claude-haiku-4-5",)))
    dropped = {each.provider: each.reason for each in decision.considered if not each.kept}
    assert dropped == {MINI: "not among the models of this API key"}


async def test_failover_stays_among_the_models_of_the_key() -> None:
    desk = rig()
    desk.adapters.script(HAIKU, *[LLMProviderError("bad", provider=HAIKU, upstream_status=500)] * 3)
    desk.adapters.script(MINI, answer())
    with pytest.raises(LLMError):
        await desk.router.complete(ask(use_case="draft"), limited(models=("claude-haiku-4-5",)))
    assert set(desk.adapters.called) == {HAIKU}


async def test_a_kept_answer_of_a_model_outside_the_scopes_is_not_served() -> None:
    desk = rig()
    desk.adapters.script(MINI, answer("from mini"))
    desk.adapters.script(HAIKU, answer("from haiku"))
    asked = ask(use_case="draft", cache=CachePolicy(ttl_seconds=60))
    assert (await desk.router.complete(asked, service("acme"))).text == "from haiku"
    assert (await desk.router.complete(asked, service("acme"))).cached
    other = await desk.router.complete(asked, limited(models=("gpt-4o-mini",)))
    assert (other.text, other.cached) == ("from mini", False)
    assert (await desk.router.complete(asked, limited(models=("gpt-4o-mini",)))).cached
    with pytest.raises(ForbiddenError):
        await desk.router.complete(asked, limited(models=("gpt-4o",)))


async def test_what_is_only_switched_off_or_resting_is_worth_another_try_and_no_403() -> None:
    rows = [structs.replace(each, is_active=each.name != HAIKU) for each in standard_providers()]
    desk = rig(rows)
    with pytest.raises(ProviderUnavailableError):
        desk.router.route(ask(use_case="draft"), limited(models=("claude-haiku-4-5",)))


async def test_the_flags_of_vendors_are_no_403_either() -> None:
    flags = Flags(anthropic=False)
    desk = rig(Snapshot(standard_providers(), flags=flags))
    with pytest.raises(ProviderUnavailableError):
        desk.router.route(ask(use_case="draft"), limited(models=("claude-haiku-4-5",)))


async def test_an_open_breaker_of_an_allowed_model_is_told_and_one_of_another_is_not() -> None:
    desk = rig([provider("a", model="m1"), provider("b", model="m2")])
    upstream = desk.router.upstream_of(provider("a", model="m1"))
    assert upstream is not None
    upstream.breaker.force("OPEN", actor="ada", reason="drill")
    with pytest.raises(CircuitBreakerOpenError):
        desk.router.route(ask(), limited(models=("m1",)))
    with pytest.raises(ForbiddenError):
        desk.router.route(ask(model_override="m1"), limited(models=("m2",)))


async def test_a_forbidden_request_takes_its_token_and_is_on_record() -> None:
    desk = rig()
    with pytest.raises(ForbiddenError):
        await desk.router.complete(ask(use_case="draft"), limited(use_cases=("summary",)))
    assert (desk.events.only.status, desk.events.only.error_code) == ("error", "FORBIDDEN")


@pytest.mark.parametrize(
    ("narrow", "wide", "fits"),
    [
        (KeyScopes(), KeyScopes(), True),
        (KeyScopes(models=("a",)), KeyScopes(), True),
        (KeyScopes(), KeyScopes(models=("a",)), False),
        (KeyScopes(models=("a",)), KeyScopes(models=("a", "b")), True),
        (KeyScopes(models=("a", "c")), KeyScopes(models=("a", "b")), False),
        (KeyScopes(models=()), KeyScopes(models=("a",)), True),
        (KeyScopes(models=("a",)), KeyScopes(models=("a",), use_cases=("draft",)), False),
        (KeyScopes(routes=("/api/llm",)), KeyScopes(routes=("/api/llm", "/api/llm/route")), True),
        (KeyScopes(routes=("/*",)), KeyScopes(routes=("/api/llm",)), False),
    ],
)
def test_scopes_lie_within_others_when_each_of_the_three_does(narrow: KeyScopes, wide: KeyScopes, fits: bool) -> None:
    assert narrow.within(wide) is fits
