"""One whole answer: admitted, planned, paid, recorded once, and everything given back."""

import asyncio
from typing import Any

import pytest
from msgspec import UNSET

from router_core.errors import (
    ForbiddenError,
    LLMError,
    LLMProviderError,
    ModelNotFoundError,
    OverloadedError,
    PaymentRequiredError,
    RequestRefusedError,
    ValidationError,
)
from router_core.router import RouterPolicy
from router_core.types import CachePolicy, Decision, Flags, Principal, Snapshot, ToolCall, Usage
from tests.support.core_fakes import (
    HANG,
    CoreRig,
    LedgerBudget,
    Slow,
    answer,
    ask,
    provider,
    rig,
    service,
    standard_providers,
)

MINI = "openai-gpt4o-mini"
KEEP = CachePolicy(ttl_seconds=60)
BAD = LLMProviderError("bad gateway", provider=MINI, upstream_status=502)


async def cancelled(desk: CoreRig, **fields: Any) -> None:
    """Cancel a request while its provider is silent."""
    task = asyncio.ensure_future(desk.router.complete(ask(**fields)))
    await desk.adapters.hanging.wait()
    assert desk.router.in_flight == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# --- success -------------------------------------------------------------------------------------------------------


async def test_the_answer_says_who_answered_what_and_at_what_cost() -> None:
    desk = rig()
    call = ToolCall(tool_call_id="call-1", tool_name="getWeather", args={"location": "SF"})
    desk.adapters.script(MINI, Slow(0.25, answer("Hi", tool_calls=(call,))))
    response = await desk.router.complete(ask(), request_id="client-chosen")
    assert (response.text, response.provider, response.model) == ("Hi", MINI, "gpt-4o-mini")
    assert (response.request_id, response.tool_calls, response.finish_reason) == ("client-chosen", (call,), "stop")
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (1000, 500)
    assert (response.cost.usd, response.cost.estimated) == ("0.000450", False)
    assert (response.latency_ms, response.cached, response.success) == (250.0, False, True)
    desk.assert_nothing_held()


async def test_a_success_is_recorded_once_with_the_same_figures() -> None:
    desk = rig()
    desk.adapters.script(MINI, Slow(0.25, answer()))
    await desk.router.complete(ask(), service("acme"), request_id="client-chosen")
    event = desk.events.only
    assert (event.status, event.error_code, event.provider, event.model) == ("success", None, MINI, "gpt-4o-mini")
    assert (event.account_id, event.principal.id) == ("acme", "key-acme")
    assert (event.cost, event.latency_ms, event.cached, event.streamed) == (450_000, 250.0, False, False)
    assert event.usage == Usage(input_tokens=1000, output_tokens=500)
    assert len(event.id) == 26
    assert event.id != "client-chosen"


async def test_the_reservation_is_settled_once_with_the_exact_cost() -> None:
    desk = rig()
    desk.adapters.script(MINI, answer())
    await desk.router.complete(ask(max_tokens=1_000), service("acme"))
    (entry,) = desk.ledger.entries
    assert (entry.account_id, entry.closes) == ("acme", [450_000])
    assert entry.bound is not None
    assert entry.bound >= 600_000


async def test_cached_and_written_tokens_are_priced_by_their_class() -> None:
    desk = rig()
    usage = Usage(input_tokens=1_000, cache_read_tokens=1_000, output_tokens=100, reasoning_tokens=400)
    desk.adapters.script(MINI, answer(usage=usage))
    assert (await desk.router.complete(ask())).cost.usd == "0.000525"


async def test_a_dated_name_without_a_price_costs_what_the_configured_model_costs() -> None:
    desk = rig()
    desk.adapters.script(MINI, answer(model="gpt-4o-mini-2099-01-01"))
    assert (await desk.router.complete(ask())).cost.usd == "0.000450"


async def test_a_model_without_a_price_has_no_cost_rather_than_zero() -> None:
    desk = rig([provider("new", model="gpt-9")])
    desk.adapters.script("new", answer())
    response = await desk.router.complete(ask())
    assert response.cost.usd is None
    assert desk.events.only.cost is None
    assert desk.ledger.entries[0].bound is None


@pytest.mark.parametrize("explain", [True, False])
async def test_the_decision_is_returned_only_when_asked_and_always_recorded(explain: bool) -> None:
    desk = rig()
    desk.adapters.script("openai-gpt4o", answer())
    response = await desk.router.complete(ask(use_case="complex", temperature=1.5, explain=explain))
    event = desk.events.only
    assert response.decision == (event.decision if explain else UNSET)
    assert [(each.provider, each.kept) for each in event.decision.considered] == [
        ("openai-gpt4o", True),
        (MINI, True),
        ("anthropic-claude-sonnet-4-5", False),
    ]
    assert [each.outcome for each in event.decision.attempts] == ["success"]


async def test_a_request_in_flight_keeps_the_configuration_it_began_with() -> None:
    desk = rig()
    desk.adapters.script(MINI, HANG)
    task = asyncio.ensure_future(desk.router.complete(ask()))
    await desk.adapters.hanging.wait()
    desk.config.replace(Snapshot(standard_providers(), revision=9, flags=Flags(llm=False)))
    with pytest.raises(LLMError):
        await desk.router.complete(ask())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [event.decision.revision for event in desk.events.events] == [9, 0]


# --- refusals ------------------------------------------------------------------------------------------------------


async def test_another_account_is_forbidden_for_a_service_key() -> None:
    desk = rig()
    with pytest.raises(ForbiddenError):
        await desk.router.complete(ask(account_id="rival"), service("acme"))
    assert (desk.events.only.error_code, desk.adapters.calls) == ("FORBIDDEN", [])
    desk.assert_nothing_held()


async def test_a_key_may_name_its_own_account() -> None:
    desk = rig()
    desk.adapters.script(MINI, answer())
    await desk.router.complete(ask(account_id="acme"), service("acme"))
    assert desk.events.only.account_id == "acme"


async def test_an_admin_may_act_for_an_account_and_that_account_pays() -> None:
    desk = rig()
    desk.adapters.script(MINI, answer())
    admin = Principal(kind="key", id="k", name="ops", role="admin", accounts=("ops",))
    await desk.router.complete(ask(account_id="acme"), admin)
    assert desk.ledger.entries[0].account_id == desk.events.only.account_id == "acme"
    assert desk.events.only.principal.accounts == ("ops",)


async def test_a_spent_budget_is_refused_before_any_call() -> None:
    desk = rig(ledger=LedgerBudget(spent_out=True))
    with pytest.raises(PaymentRequiredError):
        await desk.router.complete(ask())
    assert (desk.events.only.error_code, desk.events.only.cost) == ("PAYMENT_REQUIRED", 0)
    assert desk.adapters.calls == []
    desk.assert_nothing_held()


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"model_override": "gpt-9"}, ModelNotFoundError), ({"use_case": "astrology"}, ValidationError)],
)
async def test_a_request_that_cannot_be_planned_is_recorded_once(fields: dict[str, str], error: type[LLMError]) -> None:
    desk = rig()
    with pytest.raises(error):
        await desk.router.complete(ask(**fields))
    assert (desk.events.only.status, desk.events.only.error_code) == ("error", error.code)
    desk.assert_nothing_held()


@pytest.mark.parametrize(
    ("fields", "recorded"),
    [
        ({"use_case": "made-up"}, ""),
        ({"use_case": "made-up", "model_override": "gpt-4o"}, ""),
        ({"model_override": "use-case:made-up"}, ""),
        ({"use_case": "draft", "model_override": "gpt-9"}, "draft"),
        ({"use_case": "draft", "account_id": "other"}, "draft"),
    ],
)
async def test_a_use_case_is_on_record_only_when_there_is_one(fields: dict[str, str], recorded: str) -> None:
    desk = rig()
    with pytest.raises(LLMError):
        await desk.router.complete(ask(**fields), service("acme"))
    assert desk.events.only.use_case == recorded


async def test_an_explicit_model_needs_no_provider_of_the_default_use_case() -> None:
    desk = rig(Snapshot((provider(MINI, use_cases=("draft",)),)))
    desk.adapters.script(MINI, answer())
    await desk.router.complete(ask(model_override="gpt-4o-mini"))
    assert desk.events.only.use_case == "general"


async def test_beyond_its_capacity_the_process_sheds_load_and_says_when_to_come_back() -> None:
    desk = rig(policy=RouterPolicy(in_flight=2))
    desk.adapters.always(MINI, HANG)
    tasks = [asyncio.ensure_future(desk.router.complete(ask())) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError) as caught:
        await desk.router.complete(ask())
    assert (caught.value.status_code, caught.value.retry_after_ms) == (503, 1_000)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [event.error_code for event in desk.events.events] == ["OVERLOADED", None, None]
    desk.assert_nothing_held()


# --- failure and cancellation --------------------------------------------------------------------------------------


async def test_a_failure_is_recorded_once_and_costs_nothing() -> None:
    desk = rig()
    desk.adapters.always(MINI, BAD)
    with pytest.raises(LLMError):
        await desk.router.complete(ask())
    event = desk.events.only
    assert (event.status, event.error_code, event.cost) == ("error", "MAX_RETRIES_EXCEEDED", 0)
    assert (event.provider, event.model) == (MINI, "gpt-4o-mini"), "a failure belongs to the provider that failed last"
    assert len(event.decision.attempts) == 3
    assert desk.ledger.entries[0].closes == [0]
    desk.assert_nothing_held()


async def test_a_cancelled_request_is_recorded_as_cancelled_with_an_estimate_of_its_cost() -> None:
    desk = rig()
    desk.adapters.script(MINI, HANG)
    await cancelled(desk, prompt="word " * 400)
    event = desk.events.only
    assert (event.status, event.error_code, event.provider) == ("cancelled", None, MINI)
    assert [each.outcome for each in event.decision.attempts] == ["cancelled"]
    assert event.usage.estimated
    assert event.usage.input_tokens == event.decision.estimated_input_tokens
    assert event.cost is not None
    assert event.cost > 0
    assert desk.ledger.entries[0].closes == [event.cost]
    desk.assert_nothing_held()


async def test_a_cancelled_probe_gives_its_permit_back() -> None:
    desk = rig([provider("a")], max_attempts=1)
    desk.adapters.script("a", *[BAD] * 5)
    for _ in range(5):
        with pytest.raises(LLMError):
            await desk.router.complete(ask())
    desk.clock.advance(60.0)
    desk.adapters.script("a", HANG, answer())
    await cancelled(desk)
    assert (await desk.router.complete(ask())).provider == "a"


async def test_a_request_cancelled_between_two_calls_costs_nothing() -> None:
    desk = rig()
    desk.adapters.script(MINI, BAD, HANG)
    await cancelled(desk)
    assert [each.outcome for each in desk.events.only.decision.attempts] == ["PROVIDER_ERROR", "cancelled"]
    desk.assert_nothing_held()


@pytest.mark.parametrize("step", [answer(), BAD, RequestRefusedError("bad", provider=MINI), KeyError("bug")])
async def test_whatever_happens_slot_and_reservation_are_free_afterwards(step: object) -> None:
    desk = rig(max_attempts=1)
    desk.adapters.always(MINI, step)
    await asyncio.gather(*[desk.router.complete(ask()) for _ in range(50)], return_exceptions=True)
    assert len({event.id for event in desk.events.events}) == 50
    desk.assert_nothing_held()


# --- cache and dry run ---------------------------------------------------------------------------------------------


async def test_a_kept_answer_is_recorded_once_as_cached_at_no_cost() -> None:
    desk = rig()
    desk.adapters.script(MINI, answer("kept"))
    await desk.router.complete(ask(cache=KEEP), request_id="first")
    desk.clock.advance(5.0)
    again = await desk.router.complete(ask(cache=KEEP), request_id="second")
    assert (again.text, again.cached, again.request_id, again.cost.usd) == ("kept", True, "second", "0.000000")
    assert again.latency_ms == 0.0
    event = desk.events.events[-1]
    assert (len(desk.events.events), event.cached, event.status, event.cost) == (2, True, "success", 0)
    assert (event.provider, event.model) == (MINI, "gpt-4o-mini")
    assert (len(desk.adapters.calls), len(desk.ledger.entries)) == (1, 1)
    desk.assert_nothing_held()


async def test_failures_are_never_kept() -> None:
    desk = rig()
    desk.adapters.always(MINI, BAD)
    with pytest.raises(LLMError):
        await desk.router.complete(ask(cache=KEEP))
    assert desk.store.get_stats().sets == 0


def test_a_dry_run_calls_charges_and_records_nothing() -> None:
    desk = rig()
    decision = desk.router.route(ask(use_case="draft"))
    assert isinstance(decision, Decision)
    assert [each.provider for each in decision.considered if each.kept] == ["anthropic-claude-haiku-4-5", MINI]
    assert (desk.adapters.calls, desk.ledger.entries, desk.events.events) == ([], [], [])
    desk.assert_nothing_held()


def test_a_dry_run_refuses_what_a_request_would_be_refused_for() -> None:
    with pytest.raises(ModelNotFoundError):
        rig().router.route(ask(model_override="gpt-9"))
    with pytest.raises(ForbiddenError):
        rig().router.route(ask(account_id="rival"), service("acme"))
