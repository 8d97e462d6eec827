"""One prompt, the best model, a real answer: admit, plan, look in the cache, reserve, attempt, settle, record."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager

from msgspec import Struct, field, structs

from router_core.admission import DEFAULT_IN_FLIGHT, Admission
from router_core.attempts import Asked, AttemptPolicy, Attempts, Payment
from router_core.attempts.key_choice import KeyChoice
from router_core.cache.memory_cache import MemoryCache
from router_core.cache.response_cache import AnswerCache
from router_core.clock import Clock, SystemClock, new_ulid
from router_core.configuration.static_config import StaticConfig
from router_core.cost.open_budget import OpenBudget
from router_core.errors import LLMError
from router_core.exchange import Exchange
from router_core.journal.memory_journal import MemoryJournal
from router_core.ports import (
    AdapterSource,
    BudgetGuard,
    ConfigSource,
    Journal,
    KeySource,
    PriceSource,
    Recorder,
    RequestLimiter,
    ResponseCache,
    ToolSource,
)
from router_core.rate_limiting.allowance import Allowance
from router_core.rate_limiting.gate import LimitGate
from router_core.rate_limiting.memory_limiter import MemoryLimiter
from router_core.rate_limiting.quota import QuotaSlip
from router_core.resilience.concurrency import AdaptiveLimit
from router_core.resilience.deadline import Deadline
from router_core.resilience.upstream import Upstream
from router_core.resilience.upstreams import Upstreams
from router_core.selection import Offer, Signals, explain, is_use_case, offers, pictures_in, refusal, select, target_of
from router_core.steps import MultiStep, ToolPolicy
from router_core.tools.offering import offered
from router_core.tools.python_tool import ToolCallable
from router_core.tools.toolbox import Toolbox
from router_core.types import (
    EMBEDDED,
    AnswerEnd,
    AnswerPart,
    BreakerState,
    Decision,
    FinishPart,
    LLMRequest,
    LLMResponse,
    NativeEvents,
    Payer,
    Plan,
    Principal,
    ProviderAnswer,
    ProviderConfig,
    RelayedRequest,
    Served,
    Snapshot,
    StepPart,
    StreamPart,
    TokenCount,
    ToolFormat,
    embeds,
)
from router_core.upstream_call import UpstreamCall

__all__ = ["Router", "RouterPolicy", "StaticConfig"]

DEFAULT_REQUEST_TIMEOUT = 60.0


class RouterPolicy(Struct, frozen=True, kw_only=True):
    """What holds for every request: seconds in all, requests in flight, how attempts are made and tools are run."""

    request_timeout: float = DEFAULT_REQUEST_TIMEOUT
    in_flight: int = DEFAULT_IN_FLIGHT
    attempts: AttemptPolicy = field(default_factory=AttemptPolicy)
    tools: ToolPolicy = field(default_factory=ToolPolicy)


class Router:
    """Routes requests. It belongs to the event loop on which it is used; everything it needs is passed in."""

    def __init__(  # noqa: PLR0913 - one argument for each port, all by name
        self,
        *,
        config: ConfigSource,
        adapters: AdapterSource,
        keys: KeySource,
        prices: PriceSource,
        recorder: Recorder,
        journal: Journal | None = None,
        budget: BudgetGuard | None = None,
        cache: ResponseCache | None = None,
        limiter: RequestLimiter | None = None,
        clock: Clock | None = None,
        policy: RouterPolicy | None = None,
        node: str = "",
        tools: ToolSource | None = None,
    ) -> None:
        self.policy = policy or RouterPolicy()
        self._clock = clock or SystemClock()
        self._config = config
        self._prices = prices
        self._recorder = recorder
        self._budget = budget or OpenBudget()
        self._cache = cache or AnswerCache(MemoryCache(self._clock), config, self._clock)
        self._admission = Admission(self.policy.in_flight, self._clock)
        self._streams = 0
        self._toolbox = Toolbox(tools)
        self._journal = journal or MemoryJournal()
        self._attempts = Attempts(adapters, keys, self._journal, self._clock, self.policy.attempts, node)
        self._gate = LimitGate(limiter or MemoryLimiter(self._clock), self._attempts.outputs.expected)
        self._signals = Signals(
            chance=self._clock.random,
            pace=self._attempts.pace,
            load=self._attempts.load,
            tariff=prices.tariff,
            expected_output=self._attempts.outputs.expected,
        )
        self._stream_signals = structs.replace(self._signals, streamed=True)

    @property
    def in_flight(self) -> int:
        """How many requests are being served."""
        return self._admission.in_flight

    @property
    def streams(self) -> int:
        """How many of them are streams."""
        return self._streams

    @property
    def load(self) -> AdaptiveLimit:
        """How many requests this process takes at once; it yields when the process cannot keep up."""
        return self._admission.load

    @property
    def upstreams(self) -> Upstreams:
        """Everything that is known about where calls go."""
        return self._attempts.upstreams

    def upstream_of(self, provider: ProviderConfig) -> Upstream | None:
        """Return where the next call to ``provider`` would rather go, None while it has no key."""
        return self._attempts.upstream_of(provider)

    @property
    def keys(self) -> KeyChoice:
        """The keys of providers, each with what is known about where calls with it go."""
        return self._attempts.keys

    def breakers(self) -> dict[str, BreakerState]:
        """Return the state of the circuit breaker of every provider that has a key, by the provider's name."""
        upstreams = ((each.name, self.upstream_of(each)) for each in self._config.snapshot().providers)
        return {name: upstream.breaker.get_state() for name, upstream in upstreams if upstream is not None}

    def register_tool(
        self, name: str, tool: ToolFormat, function: ToolCallable, *, timeout: float | None = None
    ) -> None:
        """Have ``function``, plain or async, run for calls of the tool ``name``, for ``timeout`` seconds at most.

        Raises :class:`ValidationError` for a tool that no vendor takes, ``ValueError`` for a name that is taken, a
        schema that is none and a timeout that is no time.
        """
        self._toolbox.register(name, tool, function, timeout)

    async def complete(
        self,
        request: LLMRequest,
        principal: Principal = EMBEDDED,
        request_id: str | None = None,
        *,
        address: str = "",
        slip: QuotaSlip | None = None,
        functions: Mapping[str, ToolCallable] | None = None,
    ) -> LLMResponse:
        """Return the whole answer, once it is on record; ``address`` is the caller's, ``slip`` is told its limits.

        ``functions`` run for calls of the request's own tools of their names, where it allows several steps.
        Raises the :class:`LLMError` that says why there is none.
        """
        exchange = self._open(request, principal, request_id, address, streamed=False)
        response = await self._complete(exchange, slip or QuotaSlip(), functions)
        await self._journal.settle()
        return response

    async def _complete(
        self, exchange: Exchange, slip: QuotaSlip, functions: Mapping[str, ToolCallable] | None
    ) -> LLMResponse:
        with exchange.recorded(), self._admission.admit(exchange.request, exchange.principal) as ticket:
            exchange.admitted(ticket.account_id)
            deadline = self._deadline()
            plan, allowance = await self._allowed(exchange, slip, functions)
            with allowance:
                async with aclosing(self._answer(exchange, plan, deadline, allowance)) as parts:
                    async for part in parts:
                        exchange.observe(part)
            return exchange.response()

    async def stream(
        self,
        request: LLMRequest,
        principal: Principal = EMBEDDED,
        request_id: str | None = None,
        *,
        address: str = "",
        slip: QuotaSlip | None = None,
        functions: Mapping[str, ToolCallable] | None = None,
    ) -> AsyncGenerator[StreamPart, None]:
        """Yield the answer in parts, :class:`StartPart` first, :class:`FinishPart` last, once it is on record.

        Raises the :class:`LLMError` that ended it: before the first part when no provider began to answer, later when
        one broke off. Closing the generator closes the connection to the provider.
        """
        exchange = self._open(request, principal, request_id, address, streamed=True)
        with exchange.recorded(), self._streaming(), self._admission.admit(request, principal) as ticket:
            exchange.admitted(ticket.account_id)
            deadline = self._deadline()
            plan, allowance = await self._allowed(exchange, slip or QuotaSlip(), functions)
            with allowance:
                async with aclosing(self._answer(exchange, plan, deadline, allowance)) as parts:
                    async for part in parts:
                        if isinstance(part, Served | ProviderAnswer):
                            exchange.observe(part)
                            continue
                        if not exchange.started:
                            yield exchange.start()
                        exchange.observe(part)
                        if not isinstance(part, AnswerEnd):
                            yield part
                        elif part.native:
                            yield NativeEvents(part.native)
            response = exchange.response()
        await self._journal.settle()
        yield FinishPart(response)

    def route(self, request: LLMRequest, principal: Principal = EMBEDDED) -> Decision:
        """Return where ``request`` would go and why, without calling or charging anything.

        Raises what :meth:`complete` would raise before its first call.
        """
        exchange = self._open(request, principal, None, "", streamed=request.stream)
        with self._admission.admit(request, principal) as ticket:
            exchange.admitted(ticket.account_id)
            self._offer(exchange, None)
            plan = self._plan(exchange, self._config.snapshot())
            if not plan.candidates:
                raise refusal(plan, self._attempts.absence)
        return exchange.decision

    async def count_tokens(
        self, request: LLMRequest, principal: Principal = EMBEDDED, *, slip: QuotaSlip | None = None
    ) -> TokenCount:
        """Return what the model that would answer ``request`` would read; it counts against limits and costs nothing.

        Raises the :class:`LLMError` that says why nobody can tell.
        """
        exchange = self._open(request, principal, None, "", streamed=False)
        with self._admission.admit(request, principal) as ticket:
            exchange.admitted(ticket.account_id)
            await self.charge(principal, ticket.account_id, slip=slip)
            plan = self._plan(exchange, self._config.snapshot())
            if not plan.candidates:
                raise refusal(plan, self._attempts.absence)
            return await self._attempts.count(request, plan)

    def offers(self, principal: Principal) -> tuple[Offer, ...]:
        """Return what ``principal`` may name as a model."""
        return offers(self._config.snapshot(), principal.account_id, principal.scopes)

    async def charge(
        self, principal: Principal, account_id: str | None = None, *, slip: QuotaSlip | None = None
    ) -> None:
        """Take the token of a request that comes to nothing, of ``account_id`` or else of the caller's own account.

        Raises :class:`RateLimitExceededError`.
        """
        payer = Payer(account_id or principal.account_id, principal.id if principal.kind == "key" else None, "")
        book = self._config.snapshot().limits
        await self._gate.charge(book, payer, new_ulid(self._clock), slip or QuotaSlip())

    def _open(
        self, request: LLMRequest, principal: Principal, request_id: str | None, address: str, *, streamed: bool
    ) -> Exchange:
        exchange = Exchange(
            request, principal, request_id, clock=self._clock, recorder=self._recorder, streamed=streamed,
            address=address,
        )  # fmt: skip
        _, use_case = target_of(request)
        if embeds(request) or is_use_case(use_case, self._config.snapshot(), principal.account_id):
            exchange.use_case = use_case
        return exchange

    @contextmanager
    def _streaming(self) -> Iterator[None]:
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    def _answer(
        self, exchange: Exchange, plan: Plan, deadline: Deadline, allowance: Allowance
    ) -> AsyncGenerator[StepPart, None]:
        """Return the answer, from the cache or by a call that begins where the cache has none."""
        tariff = self._prices.tariff(exchange.account_id)
        asked = exchange.request
        native = asked.native if isinstance(asked, RelayedRequest) else None
        pays = Asked(pictures=pictures_in(asked))
        if native is not None:
            pays = pays._replace(choices=native.choices, caches=native.caches, tier=native.tier)
        payment = Payment(self._budget, tariff, exchange.payer(), plan.estimated_input_tokens, pays)

        def ask(request: LLMRequest, plan: Plan) -> AsyncGenerator[AnswerPart, None]:
            call = UpstreamCall(exchange, request, plan, deadline, self._attempts, payment, allowance)
            return self._cache.answer(call.question, call)

        def plan_step(request: LLMRequest) -> Plan:
            next_plan = self._select(exchange, request, self._config.snapshot())
            payment.reads(next_plan.estimated_input_tokens)
            allowance.reads(next_plan.estimated_input_tokens)
            return next_plan

        if not exchange.tools:
            return ask(asked, plan)
        steps = MultiStep(exchange, deadline, self.policy.tools, self._clock, ask=ask, plan_step=plan_step)
        return steps.parts(plan)

    def _offer(self, exchange: Exchange, functions: Mapping[str, ToolCallable] | None) -> None:
        """Give the request the tools that it may use. Raises :class:`ValidationError`."""
        request = exchange.request
        if (request.max_steps == 1 and request.tools is None) or isinstance(request, RelayedRequest):
            return
        registered = self._toolbox.tools(exchange.account_id, exchange.use_case)
        given = self._toolbox.given(request.tools or {}, functions) if functions else {}
        exchange.request, exchange.tools = offered(request, registered, given)

    async def _allowed(
        self, exchange: Exchange, slip: QuotaSlip, functions: Mapping[str, ToolCallable] | None
    ) -> tuple[Plan, Allowance]:
        """Return the plan and what the request has taken out of limits.

        A request that comes to nothing takes its token too, so its error comes after the limiter's.
        """
        snapshot = self._config.snapshot()
        try:
            self._offer(exchange, functions)
            plan = self._plan(exchange, snapshot)
        except LLMError:
            await self._gate.charge(snapshot.limits, exchange.payer(), exchange.id, slip)
            raise
        admitted = await self._gate.admit(snapshot.limits, exchange.payer(), plan, exchange.id, slip)
        if admitted.plan is not plan:
            exchange.planned(explain(exchange.request, snapshot, admitted.plan))
        if admitted.refusal is not None:
            raise admitted.refusal
        return admitted.plan, admitted.allowance

    def _plan(self, exchange: Exchange, snapshot: Snapshot) -> Plan:
        plan = self._select(exchange, exchange.request, snapshot)
        exchange.keeps_content = exchange.account_id in snapshot.content_accounts
        exchange.keeps_personal = exchange.account_id in snapshot.personal_accounts
        exchange.planned(explain(exchange.request, snapshot, plan))
        return plan

    def _select(self, exchange: Exchange, request: LLMRequest, snapshot: Snapshot) -> Plan:
        signals = self._stream_signals if exchange.streamed else self._signals
        scopes = exchange.principal.scopes
        return select(request, snapshot, exchange.account_id, self._attempts.absence, signals, scopes)

    def _deadline(self) -> Deadline:
        return Deadline(self._clock, self.policy.request_timeout)
