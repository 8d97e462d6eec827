"""The backend that shares the process with the router, on the core's own in-memory parts."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from router_core.admin.action_trail import ActionTrail
from router_core.admin.nodes import NodeDesk
from router_core.admin.provider_keys import KeyNotice
from router_core.admin.topups import TopUpOrder
from router_core.clock import SystemClock
from router_core.errors.base import ForbiddenError
from router_core.health.board import HealthBoard
from router_core.health.transition_tail import TransitionTail
from router_core.metrics.live import LiveMetrics
from router_core.metrics.memory_store import MemoryMetricsStore
from router_core.metrics.overlay import PendingEvents
from router_core.metrics.recorders import RecentEvents
from router_core.nodes.memory_register import MemoryNodeRegister
from router_core.ports import AccountRecord
from router_core.resilience.upstream import Upstream, UpstreamPolicy
from router_core.resilience.upstreams import Upstreams
from router_core.router import StaticConfig
from router_core.security.api_keys import KeyAuthenticator
from router_core.security.memory_action_log import MemoryActionLog
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.types import Decision, Flags, LLMRequest, Principal, ProviderConfig, Secret, Snapshot
from signalbox.bootstrap import Runtime
from signalbox.screens.in_process import InProcessBackend
from tests.console.console_fakes import OWNER, VIEWER, decision_for, event
from tests.support.alert_worlds import alert, memory_desk
from tests.support.core_fakes import PRICES
from tests.support.treasury_desk import treasury_desk

ANALYST = Principal(kind="person", id="u3", name="an@example.com", role="analyst", accounts=("other",))
PROMPTER = Principal(kind="person", id="u4", name="pe@example.com", role="prompt_engineer", accounts=("other",))
HELLO = LLMRequest(prompt="hello")


class RecordingRouter:
    """Says where requests would go, and notes for whom it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def route(self, request: LLMRequest, principal: Principal) -> Decision:
        self.asked.append(principal.id)
        return decision_for(request)


class World:
    """A backend and the parts behind it."""

    def __init__(self, flags: Flags | None = None) -> None:
        rows = [
            provider("openai-gpt4o-mini"),
            provider("openai-gpt4o", is_active=False),
            provider("own", account_id="acme"),
        ]
        config = StaticConfig(Snapshot(rows, flags=flags))
        self.upstreams = Upstreams(UpstreamPolicy(), SystemClock())
        self.router = RecordingRouter()
        clock, accounts = SystemClock(), MemoryAccountStore()
        self.accounts, self.alerts = accounts, memory_desk(clock)
        self.treasury = treasury_desk(accounts, ActionTrail(MemoryActionLog(), clock), clock)
        self.events, self.pending = RecentEvents(), PendingEvents()
        self.key_notices: list[KeyNotice] = []
        live = LiveMetrics(MemoryMetricsStore(clock.utcnow()), self.pending, clock, lambda: (0, 0))
        self.health = HealthBoard(config, lambda row: self.upstream(row).state(), TransitionTail(), SystemClock())
        parts = SimpleNamespace(
            config=config, router=self.router, events=self.events, live=live, health=self.health, clock=clock,
            prices=PRICES, authenticator=KeyAuthenticator(MemoryApiKeyStore(accounts), accounts, b"p" * 32, clock),
            nodes=NodeDesk(MemoryNodeRegister(clock)), provider_keys=SimpleNamespace(notices=lambda: self.key_notices),
            money=SimpleNamespace(alerts=self.alerts.desk, topups=self.treasury.topups),
        )  # fmt: skip
        self.backend = InProcessBackend(cast(Runtime, parts))

    def upstream(self, row: ProviderConfig) -> Upstream:
        """Return where calls to ``row`` go."""
        return self.upstreams.of(row, Secret("sk-test-0000"))

    def record(self, **what: Any) -> None:
        """Let a request have finished just now."""
        made = event(HELLO, at=SystemClock().utcnow(), **what)
        for recorder in (self.events, self.health):
            recorder.record(made)
        self.pending.add(made)


def provider(name: str, **changes: Any) -> ProviderConfig:
    """Return a provider row."""
    base = {"kind": "openai", "model": f"model-of-{name}", "use_cases": ("general", "poems")}
    return ProviderConfig(**{**base, "id": name, "name": name, "max_tokens": 100, "context_window": 1000, **changes})


async def states(world: World, person: Principal = OWNER) -> dict[str, str]:
    """Return each provider's state as ``person`` sees it."""
    return {each.name: each.state for each in (await world.backend.overview(person)).providers}


@pytest.mark.parametrize("person", [VIEWER, ANALYST])
async def test_who_may_not_use_the_playground_cannot_by_any_action(person: Principal) -> None:
    backend = World().backend
    assert not backend.may(person, "playground")
    with pytest.raises(ForbiddenError):
        await backend.choices(person)
    with pytest.raises(ForbiddenError):
        await backend.route(person, HELLO)
    with pytest.raises(ForbiddenError):
        await anext(backend.stream(person, HELLO, "r1"))
    with pytest.raises(ForbiddenError):
        await backend.trace(person, "r1")


async def test_a_service_key_sees_no_overview() -> None:
    key = Principal(kind="key", id="k1", name="k", role="service", accounts=("acme",))
    with pytest.raises(ForbiddenError):
        await World().backend.overview(key)


async def test_the_router_is_asked_as_the_person() -> None:
    world = World()
    account = AccountRecord(id="other", name="other", timezone="UTC", is_active=True, created_at=SystemClock().utcnow())
    await world.accounts.create(account)
    await world.backend.route(PROMPTER, HELLO)
    assert world.router.asked == [PROMPTER.id]


async def test_a_person_whose_account_is_out_of_service_gets_no_answer_in_the_playground() -> None:
    world = World()
    account = AccountRecord(
        id="other", name="other", timezone="UTC", is_active=False, created_at=SystemClock().utcnow()
    )
    await world.accounts.create(account)
    with pytest.raises(ForbiddenError, match="out of service"):
        await world.backend.route(PROMPTER, HELLO)
    with pytest.raises(ForbiddenError, match="out of service"):
        await anext(world.backend.stream(PROMPTER, HELLO, "01M8BF002V9GZ28ES72C40HPYH"))
    assert world.router.asked == []


async def test_a_providers_state_follows_its_traffic_and_its_breaker() -> None:
    world = World()
    name = "openai-gpt4o-mini"
    assert (await states(world))[name] == "unknown"
    world.record(number=1)
    assert (await states(world))[name] == "healthy"
    world.record(number=2, status="error")
    assert (await states(world))[name] == "failing"
    breaker = world.upstream(provider(name)).breaker
    for _ in range(5):
        breaker.acquire().failure()
    assert (await states(world))[name] == "down"
    breaker.force("OPEN", actor="ada", reason="x", seconds=0)
    assert (await states(world))[name] == "recovering"


async def test_what_is_switched_off_is_disabled_and_comes_last() -> None:
    assert list((await states(World())).values())[-1] == "disabled"
    assert set((await states(World(Flags(openai=False)))).values()) == {"disabled"}


async def test_people_see_requests_and_providers_of_their_own_accounts_only() -> None:
    world = World()
    world.record(number=1)
    assert len((await world.backend.overview(OWNER)).recent) == 1
    assert len((await world.backend.overview(VIEWER)).recent) == 1
    assert (await world.backend.overview(ANALYST)).recent == ()
    assert "own" in await states(world, VIEWER)
    assert "own" not in await states(world, ANALYST)


async def test_choices_are_what_is_active_and_visible() -> None:
    choices = await World().backend.choices(PROMPTER)
    assert choices.providers == ("openai-gpt4o-mini",)
    assert choices.models == ("model-of-openai-gpt4o-mini",)
    assert "poems" in [each.name for each in choices.use_cases]
    assert (await World().backend.choices(OWNER)).providers == ("openai-gpt4o-mini", "own")


async def test_a_trace_is_shown_to_the_person_it_belongs_to() -> None:
    world = World()
    world.record(number=1)
    other = Principal(kind="person", id="someone-else", name="x", role="owner", accounts=("acme",))
    assert await world.backend.trace(OWNER, "request-1") is not None
    assert await world.backend.trace(other, "request-1") is None
    assert await world.backend.trace(OWNER, "request-2") is None


async def test_the_newest_alert_about_each_budget_is_news_for_a_day_to_those_who_read_alerts() -> None:
    world, now = World(), SystemClock().utcnow()
    raised = [
        alert(threshold=50, at=now - timedelta(hours=3)), alert(threshold=80, at=now - timedelta(hours=1)),
        alert(subject="account:acme:monthly", at=now - timedelta(hours=25)),
    ]  # fmt: skip
    await world.alerts.world.raise_alerts(raised)
    found = (await world.backend.overview(OWNER)).raised
    assert [(each.kind, each.threshold) for each in found] == [("threshold", 80)]
    assert (await world.backend.overview(VIEWER)).raised == ()


async def test_notices_on_keys_are_for_those_who_may_see_providers() -> None:
    world = World()
    world.key_notices = [KeyNotice(provider="a", text=f"The key {number} was refused.") for number in range(7)]
    assert (await world.backend.overview(OWNER)).key_notices == tuple(world.key_notices[:5])
    assert (await world.backend.overview(VIEWER)).key_notices == ()


async def test_that_a_budget_refuses_requests_is_news_before_what_was_raised_with_it() -> None:
    world, now = World(), SystemClock().utcnow()
    raised = [alert(threshold=90, at=now), alert(kind="spent_out", threshold=0, at=now)]
    await world.alerts.world.raise_alerts(raised)
    assert [each.kind for each in (await world.backend.overview(OWNER)).raised] == ["spent_out"]


async def test_what_waits_for_a_decision_is_told_to_those_who_decide() -> None:
    world = World()
    order = TopUpOrder(scope="account", target="acme", amount="5", reason="launch")
    await world.treasury.topups.ask(order, OWNER)
    assert (await world.backend.overview(OWNER)).waiting == 1
    assert (await world.backend.overview(ANALYST)).waiting == 0
