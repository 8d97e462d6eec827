"""The HTTP interface on a real uvicorn server in a thread, in front of a scripted router."""

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args

import uvicorn
from msgspec import structs
from starlette.types import ASGIApp

from router_core.admin.action_trail import ActionTrail
from router_core.admin.encryption import EncryptionDesk
from router_core.admin.money import MoneyDesks
from router_core.admin.nodes import NodeDesk
from router_core.admin.retention import RetentionJob
from router_core.api.app import ApiApplication, ApiDeps, ApiLimits
from router_core.api.auth import is_foreign
from router_core.audit.memory_log import MemoryAuditLog
from router_core.clock import SystemClock
from router_core.errors import ForbiddenError, RateLimitExceededError
from router_core.idempotency.answers import IdempotentAnswers
from router_core.journal.stats import RecorderStats
from router_core.nodes.memory_register import MemoryNodeRegister
from router_core.ports import AccountRecord, ProviderHealth, UserRecord
from router_core.rate_limiting.quota import QuotaLine, QuotaSlip
from router_core.security.api_keys import KeyAuthenticator, new_api_key
from router_core.security.key_throttle import KeyThrottle, ThrottlePolicy
from router_core.security.memory_people import MemorySessionStore, MemoryUserStore
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.security.sessions import OpenedSession, SessionGate
from router_core.selection import Offer
from router_core.types import (
    AuditFilter,
    Cost,
    Decision,
    FinishPart,
    LLMRequest,
    LLMResponse,
    PersonRole,
    Principal,
    RelayedRequest,
    RelayedResponse,
    RetentionReport,
    RetentionRule,
    Secret,
    StartPart,
    StreamPart,
    TextDelta,
    TokenCount,
    Usage,
    WireUsage,
)
from signalbox.screens.answering import ConsoleAnswers
from tests.console.console_fakes import FakeBackend
from tests.support.access_world import AccessStores, access_world
from tests.support.alert_worlds import MemoryDesk, memory_desk
from tests.support.answer_kinds import WatchedAnswers
from tests.support.bills_desk import BillsDesk, bills_desk
from tests.support.cache_worlds import CacheWorld, cache_world
from tests.support.configuration_desk import DeskRig, configuration_desk
from tests.support.key_world import PEPPER, key_desk
from tests.support.limit_world import LimitWorld, limit_world
from tests.support.operator_desk import OperatorDesk, operator_desk
from tests.support.price_worlds import price_world
from tests.support.treasury_desk import TreasuryDesk, treasury_desk
from tests.support.vault_kinds import vault_desk_parts

__all__ = ["PEPPER", "ApiRig", "ScriptedRouter", "api_rig", "response", "serving"]

MAX_BODY = 200_000
BODY_PAUSE_S = 0.5
DECISION = Decision(use_case="general", revision=1, estimated_input_tokens=3, considered=())


def response(request_id: str = "req-1", **changes: object) -> LLMResponse:
    """Return an answer of gpt-4o-mini."""
    values: dict[str, object] = {
        "request_id": request_id,
        "text": "Hello",
        "provider": "openai-gpt4o-mini",
        "model": "gpt-4o-mini",
        "tool_calls": (),
        "finish_reason": "stop",
        "steps": 1,
        "cached": False,
        "usage": WireUsage(prompt_tokens=3, completion_tokens=2, total_tokens=5, cached_tokens=0, reasoning_tokens=0),
        "cost": Cost(usd="0.000450", estimated=False),
        "latency_ms": 12.5,
    }
    return LLMResponse(**{**values, **changes})  # type: ignore[arg-type]


@dataclass
class ScriptedRouter:
    """Answers as told: ``parts`` and ``error`` for streams, ``error`` or ``text`` for whole answers, ``hang`` for ever.

    ``native`` is the vendor's own body of relayed answers, ``offered`` what callers may name as a model.
    ``quota`` is what callers are told of their limits, ``charged`` whose token requests took that came to nothing, and
    ``refusal`` what they get when there is none.
    """

    parts: tuple[StreamPart, ...] = ()
    error: Exception | None = None
    native: bytes = b""
    offered: tuple[Offer, ...] = ()
    hang: bool = False
    text: str = "Hello"
    quota: tuple[QuotaLine, ...] = ()
    refusal: RateLimitExceededError | None = None
    charged: list[str | None] = field(default_factory=list)
    requests: list[tuple[LLMRequest, Principal]] = field(default_factory=list)
    called: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    async def complete(
        self, request: LLMRequest, principal: Principal, request_id: str | None, *, address: str, slip: QuotaSlip
    ) -> LLMResponse:
        self._note(request, principal)
        slip.lines = self.quota
        await self._hang()
        if self.error is not None:
            raise self.error
        return self._response(request, request_id)

    async def stream(
        self, request: LLMRequest, principal: Principal, request_id: str | None, *, address: str, slip: QuotaSlip
    ) -> AsyncGenerator[StreamPart, None]:
        self._note(request, principal)
        slip.lines = self.quota
        try:
            for part in self.parts or self._default(self._response(request, request_id)):
                yield part
            await self._hang()
        except GeneratorExit:
            self.cancelled.set()
            raise
        if self.error is not None:
            raise self.error

    def offers(self, principal: Principal) -> tuple[Offer, ...]:
        return self.offered

    def route(self, request: LLMRequest, principal: Principal) -> Decision:
        self._note(request, principal)
        return DECISION

    async def count_tokens(self, request: LLMRequest, principal: Principal, *, slip: QuotaSlip) -> TokenCount:
        self._note(request, principal)
        slip.lines = self.quota
        if self.error is not None:
            raise self.error
        return TokenCount(tokens=42, estimated=False, provider="openai-gpt4o-mini", model="gpt-4o-mini")

    async def charge(self, principal: Principal, account_id: str | None = None, *, slip: QuotaSlip) -> None:
        self.charged.append(account_id or principal.account_id)
        slip.lines = self.quota
        if self.refusal is not None:
            raise self.refusal

    def _note(self, request: LLMRequest, principal: Principal) -> None:
        if is_foreign(principal, request):
            raise ForbiddenError("This account may not be used by the caller")
        self.requests.append((request, principal))
        self.called.set()

    async def _hang(self) -> None:
        if not self.hang:
            return
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()

    def _response(self, request: LLMRequest, request_id: str | None) -> LLMResponse:
        plain = response(request_id or "none", text=self.text)
        if not isinstance(request, RelayedRequest):
            return plain
        return RelayedResponse(
            **structs.asdict(plain), native=self.native, spent=Usage(input_tokens=3, output_tokens=2)
        )

    def _default(self, answer: LLMResponse) -> tuple[StreamPart, ...]:
        start = StartPart(answer.request_id, "openai-gpt4o-mini", "gpt-4o-mini")
        return (start, TextDelta("Hel"), TextDelta("lo"), FinishPart(answer))


@dataclass
class Board:
    """A health board that shows ``rows``."""

    rows: list[ProviderHealth] = field(default_factory=list)

    def board(self) -> list[ProviderHealth]:
        return self.rows


class NoRetention:
    """Finds nothing that is too old."""

    async def count(self, rule: RetentionRule) -> RetentionReport:
        return RetentionReport(table=rule.table, days=rule.days, before=None, removed=0)

    async def run(self, rule: RetentionRule) -> RetentionReport:
        return await self.count(rule)


@dataclass
class EndlessExporter:
    """Exports ``pieces`` pieces, or pieces without end; keeps what it was asked for."""

    pieces: int | None = 3
    asked: list[tuple[AuditFilter, str]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def open(self, wanted: AuditFilter, form: str) -> "EndlessExporter":
        self.asked.append((wanted, form))
        self.cancelled.clear()
        self._left = self.pieces
        return self

    def read(self) -> bytes | None:
        if self._left is None:
            return b"x" * 65_536
        self._left -= 1
        return None if self._left < 0 else f"piece {self._left}\n".encode()

    def cancel(self) -> None:
        self.cancelled.set()


@dataclass
class ApiRig:
    """A running server and what stands behind it."""

    url: str
    port: int
    router: ScriptedRouter
    board: Board
    accounts: MemoryAccountStore
    keys: MemoryApiKeyStore
    service: Secret
    admin: Secret
    session: OpenedSession
    state: dict[str, bool]
    desk: OperatorDesk
    sessions: dict[PersonRole, OpenedSession]
    audit: MemoryAuditLog
    exporter: EndlessExporter
    bills: BillsDesk
    alerting: MemoryDesk
    money: TreasuryDesk
    console: FakeBackend
    configuration: DeskRig
    cache: CacheWorld
    nodes: MemoryNodeRegister
    rates: LimitWorld
    users: MemoryUserStore
    answers: WatchedAnswers

    def bearer(self) -> dict[str, str]:
        """Return the headers of a JSON request of the service key."""
        return {"authorization": f"Bearer {self.service.reveal()}", "content-type": "application/json"}


@contextmanager
def api_rig(bad_keys: int = 100_000) -> Iterator[ApiRig]:
    """Run the interface on a free port of 127.0.0.1 until the block ends; it lets ``bad_keys`` a minute pass."""
    clock, accounts = SystemClock(), MemoryAccountStore()
    users, keys = MemoryUserStore(accounts), MemoryApiKeyStore(accounts)
    stores = AccessStores(accounts, users, keys, MemorySessionStore(users))
    sessions, register = SessionGate(stores.sessions, clock), MemoryNodeRegister(clock)
    service = new_api_key(PEPPER, clock, account_id="acme", role="service", name="acme service")
    admin = new_api_key(PEPPER, clock, account_id="acme", role="admin", name="acme admin")

    async def prepare() -> dict[PersonRole, OpenedSession]:
        for name in ("acme", "other"):
            made_at = clock.utcnow()
            await accounts.create(AccountRecord(id=name, name=name, timezone="UTC", is_active=True, created_at=made_at))
        await asyncio.gather(*(keys.create(made.record) for made in (service, admin)))
        return {role: await _signed_in(role, users, sessions, clock) for role in get_args(PersonRole)}

    people = asyncio.run(prepare())
    router, board, state, desk = ScriptedRouter(), Board(), {"ready": True}, operator_desk(clock)
    cache, console = cache_world(accounts, desk.trail, clock), FakeBackend()
    rates, answers = limit_world(accounts, keys, desk.trail, clock), WatchedAnswers(clock)
    audit, exporter, money = MemoryAuditLog(), EndlessExporter(), treasury_desk(accounts, desk.trail, clock)
    configuration, vault = configuration_desk(accounts=accounts, trail=desk.trail), vault_desk_parts(register, clock)
    bills, alerting = bills_desk(money, clock), memory_desk(clock, accounts, desk.trail)
    authenticator = _authenticator(keys, accounts, clock, bad_keys)
    deps = ApiDeps(
        router=router, console=ConsoleAnswers(console), authenticator=authenticator,
        idempotency=IdempotentAnswers(answers, b"i" * 32, 150.0),
        keys=key_desk(keys, accounts, rates.config, desk.trail, clock, authenticator.forget),
        sessions=sessions, health=board, operations=desk.operations,
        money=_desks(money, bills, alerting, desk.trail),
        configuration=configuration.desk, provider_keys=configuration.keys, tool_servers=configuration.tools,
        audit=audit, exporter=exporter, metrics=desk.live, cache=cache.desk, rates=rates.desk,
        nodes=NodeDesk(register), access=access_world(stores, desk.trail, clock, sessions.look_anew),
        encryption=EncryptionDesk(vault, desk.trail),
        recording=lambda: RecorderStats(pending=2),
        caching=cache.answers.report,
        retention=RetentionJob([RetentionRule("audit_log", 400)], NoRetention(), desk.trail, clock),
        load=lambda: (3, 1), dependencies=desk.dependencies.report, started=clock.utcnow(),
        ready=lambda: state["ready"], clock=clock,
        limits=ApiLimits(max_body=MAX_BODY, body_pause=BODY_PAUSE_S),
    )  # fmt: skip
    with serving(ApiApplication(deps)) as port:
        yield ApiRig(
            f"http://127.0.0.1:{port}", port, router, board, accounts, keys, service.key, admin.key,
            people["prompt_engineer"], state, desk, people, audit, exporter, bills, alerting, money, console,
            configuration, cache, register, rates, users, answers,
        )  # fmt: skip


def _authenticator(
    keys: MemoryApiKeyStore, accounts: MemoryAccountStore, clock: SystemClock, bad_keys: int
) -> KeyAuthenticator:
    return KeyAuthenticator(keys, accounts, PEPPER, clock, KeyThrottle(clock, ThrottlePolicy(attempts=bad_keys)))


def _desks(money: TreasuryDesk, bills: BillsDesk, alerting: MemoryDesk, trail: ActionTrail) -> MoneyDesks:
    return MoneyDesks(
        treasury=money.treasury,
        topups=money.topups,
        leases=money.leases,
        bills=bills.bills,
        prices=price_world(trail, SystemClock()).desk,
        alerts=alerting.desk,
    )


async def _signed_in(
    role: PersonRole, users: MemoryUserStore, sessions: SessionGate, clock: SystemClock
) -> OpenedSession:
    person = UserRecord(
        id=f"u-{role}", email=f"{role}@example.com", password_hash="x", role=role, accounts=("acme",),
        is_active=True, created_at=clock.utcnow(),
    )  # fmt: skip
    await users.create(person)
    return await sessions.open(person)


@contextmanager
def serving(
    app: ASGIApp,
    lifespan: Literal["on", "off"] = "off",
    http: type[asyncio.Protocol] | Literal["httptools"] = "httptools",
    ws: type[asyncio.Protocol] | Literal["auto"] = "auto",
) -> Iterator[int]:
    """Serve ``app`` on a free port of 127.0.0.1, which is given, until the block ends, by ``http`` and ``ws``."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=http,
            ws=ws,
            loop="uvloop",
            log_level="error",
            lifespan=lifespan,
            timeout_graceful_shutdown=1,
            proxy_headers=False,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
