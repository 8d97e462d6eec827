"""What operators may do, that it is written down first, and what still works when it cannot be."""

import pytest
from msgspec import structs

from router_core.errors import ForbiddenError, NotFoundError, OverloadedError, RateLimitError, ValidationError
from router_core.types import DrillOrder, Role, Secret, UsableKey, UseCasePolicy
from tests.support.fake_clock import FakeClock
from tests.support.operator_desk import OperatorDesk, operator, operator_desk

ADA = operator()
HEAD = operator("admin", "Grace")
MINI, HAIKU = "openai-gpt4o-mini", "anthropic-claude-haiku-4-5"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def desk(clock: FakeClock) -> OperatorDesk:
    return operator_desk(clock, without_key=["openai-gpt4o"])


# --- breakers ------------------------------------------------------------------------------------------------------


def test_every_upstream_is_listed_with_the_rows_that_lead_to_it(desk: OperatorDesk) -> None:
    views = desk.operations.upstreams(ADA)
    assert [view.providers for view in views] == [(MINI,), (HAIKU,), ("anthropic-claude-sonnet-4-5",)]
    assert {view.state.breaker.state for view in views} == {"CLOSED"}


async def test_a_forced_breaker_holds_for_its_time_and_says_who_and_why(desk: OperatorDesk, clock: FakeClock) -> None:
    state = await desk.operations.force_breaker(MINI, "OPEN", ADA, reason=" vendor incident ", seconds=30)
    assert state.breaker.state == "OPEN"
    assert state.breaker.forced is not None
    assert (state.breaker.forced.actor, state.breaker.forced.reason) == ("Ada", "vendor incident")
    clock.advance(30)
    assert desk.upstream(MINI).breaker.get_state().forced is None
    (action,) = await desk.log.recent(10)
    assert (action.action, action.target, action.actor, action.role) == (
        "breaker.forced_open",
        state.id,
        "Ada",
        "operator",
    )
    assert action.detail == {"reason": "vendor incident", "durationS": 30}


async def test_an_upstreams_id_and_a_providers_name_mean_the_same_breaker(desk: OperatorDesk) -> None:
    named = desk.upstream(MINI).id
    await desk.operations.force_breaker(named, "CLOSED", ADA, reason="we know better")
    assert desk.upstream(MINI).breaker.get_state().forced is not None
    await desk.operations.reset_breaker(MINI, ADA)
    assert desk.upstream(MINI).breaker.get_state().forced is None
    assert desk.log.verbs == ["breaker.forced_closed", "breaker.reset"]


async def test_a_providers_name_means_the_breakers_of_all_of_its_keys(desk: OperatorDesk) -> None:
    desk.keys.extra[MINI] = (UsableKey(Secret("sk-second"), id="second"),)
    await desk.operations.force_breaker(MINI, "OPEN", ADA, reason="vendor incident")
    views = [each for each in desk.operations.upstreams(ADA) if each.providers == (MINI,)]
    assert [each.state.breaker.state for each in views] == ["OPEN", "OPEN"]
    await desk.operations.reset_breaker(MINI, ADA)
    views = [each for each in desk.operations.upstreams(ADA) if each.providers == (MINI,)]
    assert [each.state.breaker.state for each in views] == ["CLOSED", "CLOSED"]
    assert [each.target for each in desk.log.taken] == 2 * [each.state.id for each in views]


async def test_a_reset_ends_rests_too(desk: OperatorDesk) -> None:
    upstream = desk.upstream(MINI)
    upstream.note_error(RateLimitError("slow down", provider=MINI, upstream_status=429, retry_after_ms=60_000))
    assert upstream.state().resting_ms > 0
    assert (await desk.operations.reset_breaker(MINI, ADA, "limit was raised")).resting_ms == 0


@pytest.mark.parametrize("target", ["nobody", "openai:0:gpt-4o-mini", "openai-gpt4o", ""])
async def test_a_target_that_is_not_there_or_has_no_key_is_not_found(desk: OperatorDesk, target: str) -> None:
    with pytest.raises(NotFoundError):
        await desk.operations.reset_breaker(target, ADA)
    with pytest.raises(NotFoundError):
        await desk.operations.force_breaker(target, "OPEN", ADA, reason="x")
    assert desk.log.asked == 0


@pytest.mark.parametrize(
    ("reason", "seconds", "field"),
    [
        ("", None, "reason"),
        ("   ", None, "reason"),
        ("x" * 201, None, "reason"),
        ("two\nlines", None, "reason"),
        ("x", 0.5, "durationS"),
        ("x", 86_401, "durationS"),
        ("x", float("nan"), "durationS"),
        ("x", -1, "durationS"),
    ],
)
async def test_a_force_wants_a_reason_and_a_time_that_makes_sense(
    desk: OperatorDesk, reason: str, seconds: float | None, field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        await desk.operations.force_breaker(MINI, "OPEN", ADA, reason=reason, seconds=seconds)
    assert refused.value.field == field
    assert desk.upstream(MINI).breaker.get_state().state == "CLOSED"
    assert desk.log.asked == 0


async def test_a_secret_in_a_reason_is_not_kept(desk: OperatorDesk) -> None:
    key = "sk-proj-" + "a1B2" * 12
    state = await desk.operations.force_breaker(MINI, "OPEN", ADA, reason=f"key {key} leaked")
    (action,) = await desk.log.recent(1)
    assert state.breaker.forced is not None
    assert key not in state.breaker.forced.reason
    assert key not in str(action.detail)


# --- nothing unaudited ---------------------------------------------------------------------------------------------


async def test_what_cannot_be_written_down_does_not_happen(desk: OperatorDesk) -> None:
    desk.log.down = True
    with pytest.raises(OverloadedError, match="action log"):
        await desk.operations.force_breaker(MINI, "OPEN", ADA, reason="x")
    with pytest.raises(OverloadedError, match="action log"):
        await desk.operations.start_drill(DrillOrder(provider=MINI, fault="cut"), ADA)
    with pytest.raises(OverloadedError, match="action log"):
        await desk.operations.set_policy("draft", UseCasePolicy(hedge=True), HEAD)
    assert desk.upstream(MINI).breaker.get_state().state == "CLOSED"
    assert not desk.board.active
    assert desk.policies.stored == {}


async def test_what_ends_a_danger_works_without_the_log_and_is_logged_once_it_can_be(
    desk: OperatorDesk, clock: FakeClock
) -> None:
    await desk.operations.force_breaker(MINI, "OPEN", ADA, reason="x")
    drill = await desk.operations.start_drill(DrillOrder(provider=HAIKU, fault="cut"), ADA)
    desk.log.down = True
    assert (await desk.operations.reset_breaker(MINI, ADA)).breaker.state == "CLOSED"
    assert (await desk.operations.stop_drill(drill.id, ADA)).stopped_by == "Ada"
    assert not desk.board.active
    assert desk.trail.waiting == 2
    assert not await desk.trail.flush()
    desk.log.down = False
    assert await desk.trail.flush()
    assert desk.log.verbs == ["breaker.forced_open", "drill.started", "breaker.reset", "drill.stopped"]


async def test_two_drills_for_one_provider_at_the_same_moment_are_one_drill(desk: OperatorDesk) -> None:
    order = DrillOrder(provider=HAIKU, fault="cut")
    await desk.operations.start_drill(order, ADA)
    with pytest.raises(ValidationError, match="already runs"):
        await desk.operations.start_drill(order, ADA)
    assert desk.log.verbs == ["drill.started"]


async def test_stopping_a_drill_twice_is_one_action(desk: OperatorDesk) -> None:
    drill = await desk.operations.start_drill(DrillOrder(provider=HAIKU, fault="cut"), ADA)
    first = await desk.operations.stop_drill(drill.id, ADA)
    assert await desk.operations.stop_drill(drill.id, HEAD) == first
    assert desk.log.verbs == ["drill.started", "drill.stopped"]
    with pytest.raises(NotFoundError):
        await desk.operations.stop_drill("nobody", ADA)


async def test_a_drill_is_written_down_with_its_whole_order(desk: OperatorDesk) -> None:
    order = DrillOrder(
        provider=HAIKU, fault="slow_first_token", percent=50, duration_s=90, delay_s=3, reason="game day"
    )
    drill = await desk.operations.start_drill(order, ADA)
    (action,) = await desk.log.recent(1)
    assert action.target == HAIKU
    assert action.detail == {
        "drill": drill.id, "provider": HAIKU, "fault": "slow_first_token", "percent": 50.0, "durationS": 90,
        "delayS": 3.0, "reason": "game day",
    }  # fmt: skip


# --- use cases -----------------------------------------------------------------------------------------------------


async def test_a_policy_is_set_shown_at_once_and_taken_back(desk: OperatorDesk) -> None:
    policy = UseCasePolicy(mid_stream="resume", first_token_s=3)
    assert await desk.operations.set_policy("draft", policy, HEAD) == 2
    draft = next(each for each in desk.operations.use_cases(HEAD) if each.use_case == "draft")
    assert (draft.policy, draft.is_default, draft.providers) == (policy, False, (MINI, HAIKU))
    await desk.operations.set_policy("draft", None, HEAD)
    assert all(each.is_default for each in desk.operations.use_cases(HEAD))
    assert desk.log.verbs == ["use_case.policy_set", "use_case.policy_reset"]


async def test_a_use_case_that_nobody_names_is_not_found(desk: OperatorDesk) -> None:
    with pytest.raises(NotFoundError):
        await desk.operations.set_policy("nobody", UseCasePolicy(), HEAD)
    assert desk.log.asked == 0


# --- roles ---------------------------------------------------------------------------------------------------------

OPERATORS = frozenset({"owner", "admin", "operator"})
HEADS = frozenset({"owner", "admin"})
ROLES: tuple[Role, ...] = ("owner", "admin", "operator", "prompt_engineer", "analyst", "viewer", "service")


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_do_what_is_declared_and_nothing_else(desk: OperatorDesk, role: Role) -> None:
    person, ops = operator(role), desk.operations
    drill = await ops.start_drill(DrillOrder(provider=MINI, fault="cut"), HEAD)
    allowed = {
        "upstreams": await _may(lambda: ops.upstreams(person)),
        "reset": await _may(lambda: ops.reset_breaker(MINI, person)),
        "force": await _may(lambda: ops.force_breaker(MINI, "CLOSED", person, reason="x")),
        "start": await _may(lambda: ops.start_drill(DrillOrder(provider=HAIKU, fault="cut"), person)),
        "stop": await _may(lambda: ops.stop_drill(drill.id, person)),
        "drills": await _may(lambda: ops.drills(person)),
        "health": await _may(lambda: ops.health("1h", person)),
        "actions": await _may(lambda: ops.recent_actions(10, person)),
        "use cases": await _may(lambda: ops.use_cases(person)),
        "policy": await _may(lambda: ops.set_policy("draft", None, person)),
    }
    head_only = {"use cases", "policy"}
    assert allowed == {name: role in (HEADS if name in head_only else OPERATORS) for name in allowed}


async def _may(act: object) -> bool:
    try:
        result = act()  # type: ignore[operator]
        if hasattr(result, "__await__"):
            await result
    except ForbiddenError:
        return False
    return True


@pytest.mark.parametrize("role", sorted(OPERATORS))
async def test_what_was_done_about_money_is_shown_to_heads_alone(desk: OperatorDesk, role: Role) -> None:
    await desk.operations.reset_breaker(MINI, ADA)
    price = structs.replace(desk.log.taken[0], id="price", action="prices.set", target="gpt-4o for acme")
    await desk.log.append(price)
    seen = [each.action for each in await desk.operations.recent_actions(10, operator(role))]
    assert sorted(seen) == (["breaker.reset", "prices.set"] if role in HEADS else ["breaker.reset"])
