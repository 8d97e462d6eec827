"""The contract's sentences about selection, one row each, as the calls that a router really makes."""

from typing import Any

import pytest

from router_core.errors import LLMError, TimeoutError
from router_core.types import ProviderConfig
from tests.support.core_fakes import CoreRig, answer, ask, provider, rig, service, standard_providers

MINI, GPT4O = "openai-gpt4o-mini", "openai-gpt4o"
HAIKU, SONNET = "anthropic-claude-haiku-4-5", "anthropic-claude-sonnet-4-5"
SECOND = provider("second-mini")
OWN = provider("own", model="gpt-4o", account_id="acme", use_cases=("draft",))
OWN_DEFAULT = provider("own-default", account_id="acme", use_cases=("complex",), is_default=True)

ORDERS: list[tuple[str, dict[str, Any], list[ProviderConfig], list[str]]] = [
    ("draft: Claude Haiku 4.5", {"use_case": "draft"}, [], [HAIKU, MINI]),
    ("summary: Claude Haiku 4.5", {"use_case": "summary"}, [], [HAIKU, MINI]),
    ("complex: Claude Sonnet 4.5", {"use_case": "complex"}, [], [SONNET, GPT4O, MINI]),
    ("vision: GPT-4o", {"use_case": "vision"}, [], [GPT4O, MINI]),
    ("general: GPT-4o-mini", {"use_case": "general"}, [], [MINI]),
    ("voice: GPT-4o-mini", {"use_case": "voice"}, [], [MINI]),
    ("the use case is general by default", {}, [], [MINI]),
    ("an explicit model goes before its use case", {"use_case": "draft", "model_override": "gpt-4o"}, [], [GPT4O]),
    ("an explicit model stays among its providers", {"model_override": "gpt-4o-mini"}, [SECOND], ["second-mini", MINI]),
    ("an explicit provider does not fail over", {"model_override": MINI}, [SECOND], [MINI]),
    ("a model may be use-case:draft", {"model_override": "use-case:draft"}, [], [HAIKU, MINI]),
    ("account-specific before the preferred model", {"use_case": "draft"}, [OWN], ["own", HAIKU, MINI]),
    ("account-specific before non-default", {"use_case": "complex"}, [OWN_DEFAULT], ["own-default", SONNET, GPT4O]),
    ("non-default before default", {"use_case": "general"}, [SECOND], ["second-mini", MINI]),
    ("a temperature that it cannot take drops it", {"use_case": "draft", "temperature": 1.5}, [], [MINI]),
]


async def _calls(desk: CoreRig, **request: Any) -> list[str]:
    """Return who is called, in order, where everybody lets us wait in vain."""
    for row in desk.config.snapshot().providers:
        desk.adapters.always(row.name, TimeoutError(1_000, provider=row.name))
    with pytest.raises(LLMError):
        await desk.router.complete(ask(**request), service("acme"))
    return list(dict.fromkeys(desk.adapters.called))


@pytest.mark.parametrize(
    ("request_", "more", "called"), [each[1:] for each in ORDERS], ids=[each[0] for each in ORDERS]
)
async def test_the_plan_is_called_in_the_promised_order(
    request_: dict[str, Any], more: list[ProviderConfig], called: list[str]
) -> None:
    assert await _calls(rig([*standard_providers(), *more]), **request_) == called


@pytest.mark.parametrize(
    ("request_", "row", "code", "status"),
    [
        ({"model_override": SONNET, "temperature": 1.5}, {}, "VALIDATION_ERROR", 400),
        ({"model_override": "nobody"}, {}, "MODEL_NOT_FOUND", 404),
        ({"use_case": "astrology"}, {}, "VALIDATION_ERROR", 400),
        ({"prompt": "x" * 9_000}, {"context_window": 2_000, "max_tokens": 100}, "TOKEN_LIMIT_EXCEEDED", 400),
        ({}, {"is_active": False}, "PROVIDER_UNAVAILABLE", 503),
    ],
)
async def test_a_request_that_nobody_can_serve_is_refused_with_the_promised_code(
    request_: dict[str, Any], row: dict[str, Any], code: str, status: int
) -> None:
    rows = [provider("only", **row)] if row else standard_providers()
    with pytest.raises(LLMError) as refused:
        await rig(rows).router.complete(ask(**request_))
    assert (refused.value.code, refused.value.status_code) == (code, status)


async def test_where_breakers_are_the_reason_the_code_says_so() -> None:
    desk = rig([provider("only")])
    upstream = desk.router.upstream_of(desk.config.snapshot().providers[0])
    assert upstream is not None
    upstream.breaker.force("OPEN", actor="test", reason="test", seconds=None)
    with pytest.raises(LLMError) as refused:
        await desk.router.complete(ask())
    assert (refused.value.code, refused.value.status_code) == ("CIRCUIT_BREAKER_OPEN", 503)


@pytest.mark.parametrize(("asked", "given"), [(None, 16_384), (500, 500), (20_000, 16_384)])
async def test_the_longest_answer_is_the_models_own_capped_by_its_row(asked: int | None, given: int) -> None:
    desk = rig()
    desk.adapters.always(MINI, answer())
    await desk.router.complete(ask(max_tokens=asked))
    assert desk.adapters.calls[0].max_tokens == given
