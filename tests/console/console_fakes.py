"""A backend that needs no server: scripted answers, a small team, figures made from recorded events."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from router_core.admin.alert_views import AlertView
from router_core.admin.provider_keys import KeyNotice
from router_core.clock import SystemClock
from router_core.errors.base import ForbiddenError, LLMError
from router_core.types import (
    Attempt,
    Considered,
    Cost,
    Decision,
    EventStatus,
    FinishPart,
    LLMRequest,
    LLMResponse,
    MetricTotals,
    Principal,
    RequestEvent,
    StartPart,
    StreamPart,
    TextDelta,
    Usage,
    WireUsage,
)
from signalbox.screens.backend import Screen
from signalbox.screens.views import Choices, OverviewView, ProviderView, UseCaseChoice
from tests.console.access_fakes import AccessDouble
from tests.console.bill_fakes import BillsDouble
from tests.console.budget_fakes import BudgetDouble
from tests.console.cache_fakes import CacheDouble
from tests.console.configuration_fakes import ConfigurationDouble
from tests.console.encryption_fakes import EncryptionDouble
from tests.console.health_fakes import OPERATORS, HealthDouble
from tests.console.key_fakes import KeyDouble
from tests.console.limit_fakes import LimitDouble
from tests.console.record_fakes import RecordBackend

OWNER = Principal(kind="person", id="u1", name="ada@example.com", role="owner", accounts=("acme",))
VIEWER = Principal(kind="person", id="u2", name="vi@example.com", role="viewer", accounts=("acme",))

PROVIDERS = (
    ("openai-gpt4o-mini", "gpt-4o-mini"),
    ("openai-gpt4o", "gpt-4o"),
    ("anthropic-claude-haiku-4-5", "claude-haiku-4-5"),
    ("anthropic-claude-sonnet-4-5", "claude-sonnet-4-5"),
)

ANSWER = """A signal box is the building from which an operator **sets the points and signals** of a stretch of railway.

1. It shows where every train is.
2. It sets a safe route, and locks it.

```python
def route(train: Train) -> Track:
    return next(track for track in tracks if track.is_free)
```

It costs about $5 and $6 to read this aloud.
"""


def decision_for(request: LLMRequest, attempts: tuple[Attempt, ...] = ()) -> Decision:
    """Return a decision with one candidate kept, one behind it and one dropped."""
    return Decision(
        use_case=request.use_case,
        revision=7,
        estimated_input_tokens=42,
        considered=(
            Considered(provider=PROVIDERS[0][0], model=PROVIDERS[0][1], kept=True, reason="preferred for general"),
            Considered(provider=PROVIDERS[2][0], model=PROVIDERS[2][1], kept=True, reason="serves general"),
            Considered(provider=PROVIDERS[1][0], model=PROVIDERS[1][1], kept=False, reason="no key"),
        ),
        attempts=attempts,
    )


def event(
    request: LLMRequest, *, number: int, at: datetime, status: EventStatus = "success", provider: int = 0
) -> RequestEvent:
    """Return a finished request; numbers vary with ``number``."""
    name, model = PROVIDERS[provider]
    outcome = "success" if status == "success" else "PROVIDER_ERROR" if status == "error" else "cancelled"
    latency = 420.0 + (number * 37) % 700
    attempt = Attempt(number=1, provider=name, model=model, outcome=outcome, latency_ms=latency, first_token_ms=180)
    return RequestEvent(
        id=f"01EVENT{number:05d}",
        timestamp=at,
        principal=OWNER,
        account_id="acme",
        use_case=request.use_case,
        provider=name,
        model=model,
        status=status,
        error_code=None if status == "success" else outcome,
        usage=Usage(input_tokens=120 + number % 50, output_tokens=80 + number % 200),
        cost=(45_000 + number * 300) if status == "success" else None,
        latency_ms=latency,
        first_token_ms=180.0 if status == "success" else None,
        streamed=True,
        cached=False,
        decision=decision_for(request, (attempt,)),
        request_id=f"request-{number}",
    )


class FakeBackend(RecordBackend, HealthDouble, BudgetDouble, ConfigurationDouble):
    """Does what ``ConsoleBackend`` promises, from memory. ``people`` maps session tokens to who they belong to."""

    def __init__(self, *, busy: bool = False, pause_s: float = 0.0) -> None:
        RecordBackend.__init__(self)
        HealthDouble.__init__(self)
        BudgetDouble.__init__(self)
        ConfigurationDouble.__init__(self)
        self.bills = BillsDouble(self)
        self.caching = CacheDouble()
        self.encryption = EncryptionDouble()
        self.limiting = LimitDouble()
        self.keeping = KeyDouble()
        self.api_keys = self.keeping.desk
        self.access = AccessDouble(OWNER, VIEWER)
        self.users, self.accounts, self.sessions = self.access.desks()
        self.people: dict[str, Principal] = {"owner-token": OWNER, "viewer-token": VIEWER}
        self.touches: list[bool] = []
        self.error: LLMError | None = None
        self.answer = ANSWER
        self.pause_s = pause_s
        self.silent = False
        self.states = {name: "healthy" if busy else "unknown" for name, _ in PROVIDERS}
        self.sent: list[LLMRequest] = []
        self.closed = threading.Event()
        self.events: list[RequestEvent] = []
        self.unpriced: tuple[str, ...] = ()
        self.raised: tuple[AlertView, ...] = ()
        self.waiting = 0
        self.lost_nodes: tuple[str, ...] = ()
        self.key_notices: tuple[KeyNotice, ...] = ()
        if busy:
            self._fill()

    async def visitor(self, token: str, *, touch: bool) -> Principal | None:
        self.touches.append(touch)
        return self.people.get(token)

    def may(self, person: Principal, screen: Screen) -> bool:
        if screen in ("health", "live"):
            return person.role in OPERATORS
        if screen in ("audit", "budgets"):
            return person.role in ("owner", "admin", "analyst")
        if screen in ("providers", "access"):
            return person.role in ("owner", "admin")
        return screen == "overview" or person.role in ("owner", "admin", "prompt_engineer")

    async def overview(self, person: Principal) -> OverviewView:
        self._read()
        report = await self.figures.report("1h")
        totals = {each.name: each.totals for each in report.providers}
        providers = tuple(
            ProviderView(name=name, model=model, state=self.states[name], totals=totals.get(name, MetricTotals()))  # type: ignore[arg-type]
            for name, model in PROVIDERS
        )
        return OverviewView(
            report=report,
            spent_today=report.totals.cost,
            providers=providers,
            recent=tuple(reversed(self.events[-25:])),
            unpriced=self.unpriced,
            raised=self.raised,
            waiting=self.waiting,
            lost_nodes=self.lost_nodes,
            key_notices=self.key_notices,
        )

    async def choices(self, person: Principal) -> Choices:
        self._check(person)
        return Choices(
            use_cases=(UseCaseChoice("draft", "claude-haiku-4-5"), UseCaseChoice("general", "gpt-4o-mini")),
            models=tuple(model for _, model in PROVIDERS),
            providers=tuple(name for name, _ in PROVIDERS),
        )

    async def route(self, person: Principal, request: LLMRequest) -> Decision:
        self._check(person)
        return decision_for(request)

    async def stream(self, person: Principal, request: LLMRequest, request_id: str) -> AsyncGenerator[StreamPart, None]:
        self._check(person)
        self.sent.append(request)
        self.closed.clear()
        name, model = PROVIDERS[0]
        try:
            if self.silent:
                await asyncio.Event().wait()
            if self.error is not None:
                raise self.error
            yield StartPart(request_id, name, model)
            for word in self.answer.split(" "):
                if self.pause_s:
                    await asyncio.sleep(self.pause_s)
                yield TextDelta(word + " ")
            yield FinishPart(self._response(request, request_id))
        finally:
            self.closed.set()

    async def trace(self, person: Principal, request_id: str) -> RequestEvent | None:
        return next((each for each in self.events if each.request_id == request_id), None)

    def _check(self, person: Principal) -> None:
        if not self.may(person, "playground"):
            raise ForbiddenError("This needs another role")

    def _response(self, request: LLMRequest, request_id: str) -> LLMResponse:
        name, model = PROVIDERS[0]
        failed = Attempt(
            number=1,
            provider=name,
            model=model,
            outcome="PROVIDER_ERROR",
            latency_ms=212.0,
            status=503,
            error="overloaded",
        )
        attempt = Attempt(
            number=2,
            provider=name,
            model=model,
            outcome="success",
            latency_ms=812.0,
            first_token_ms=164,
            started_ms=230,
        )
        return LLMResponse(
            request_id=request_id,
            text=self.answer,
            provider=name,
            model=model,
            tool_calls=(),
            finish_reason="stop",
            steps=1,
            cached=False,
            usage=WireUsage(
                prompt_tokens=42, completion_tokens=96, total_tokens=138, cached_tokens=0, reasoning_tokens=0
            ),
            cost=Cost(usd="0.000064", estimated=False),
            latency_ms=1042.0,
            decision=decision_for(request, (failed, attempt)),
        )

    def _fill(self) -> None:
        request = LLMRequest(prompt="hello", use_case="general")
        number = 0
        now = SystemClock().utcnow()
        for minute in range(118, -1, -1):
            at = now - timedelta(minutes=minute)
            for step in range(9 + (minute * 7) % 13):
                number += 1
                status: EventStatus = "error" if number % 97 == 0 else "cancelled" if number % 211 == 0 else "success"
                made = event(request, number=number, at=at, status=status, provider=(step * step + minute) % 4)
                self.events.append(made)
                self.counted.add(made)


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        loop.close()
