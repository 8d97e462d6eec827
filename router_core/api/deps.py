"""What the HTTP interface needs, and its limits."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from router_core.admin.access import AccessDesks
from router_core.admin.cache_desk import CacheDesk
from router_core.admin.configuration import ConfigurationDesk
from router_core.admin.encryption import EncryptionDesk
from router_core.admin.key_desk import KeyDesk
from router_core.admin.limit_desk import LimitDesk
from router_core.admin.money import MoneyDesks
from router_core.admin.nodes import NodeDesk
from router_core.admin.operations import Operations
from router_core.admin.provider_keys import ProviderKeyDesk
from router_core.admin.retention import RetentionJob
from router_core.admin.tool_servers import ToolServerDesk
from router_core.clock import Clock
from router_core.errors import LLMError
from router_core.idempotency.answers import IdempotentAnswers
from router_core.journal.stats import RecorderStats
from router_core.metrics.live import LiveMetrics
from router_core.ports import AuditExporter, AuditReader, HealthReader
from router_core.rate_limiting.quota import QuotaSlip
from router_core.security.api_keys import KeyAuthenticator
from router_core.security.sessions import SessionGate
from router_core.selection import Offer
from router_core.types import (
    CacheReport,
    Decision,
    DependencyReport,
    LLMRequest,
    LLMResponse,
    Principal,
    StreamPart,
    TokenCount,
)

__all__ = ["ApiDeps", "ApiLimits", "ConsoleCalls", "ConsoleGreeting", "DepsSource", "RequestRouter"]

# Room for a few images as data URLs.
DEFAULT_MAX_BODY_BYTES = 20 * 1024 * 1024
# Larger bodies are parsed in a thread, so that one of them does not hold up the others.
DEFAULT_INLINE_PARSE_BYTES = 256 * 1024
DEFAULT_BODY_PAUSE_S = 8.0
DEFAULT_BODY_TOTAL_S = 60.0


class RequestRouter(Protocol):
    """The part of :class:`router_core.router.Router` that serves HTTP requests."""

    async def complete(
        self, request: LLMRequest, principal: Principal, request_id: str | None, *, address: str, slip: QuotaSlip
    ) -> LLMResponse:
        """Return the whole answer."""
        ...

    def stream(
        self, request: LLMRequest, principal: Principal, request_id: str | None, *, address: str, slip: QuotaSlip
    ) -> AsyncGenerator[StreamPart, None]:
        """Yield the answer in parts."""
        ...

    def route(self, request: LLMRequest, principal: Principal) -> Decision:
        """Return where the request would go."""
        ...

    async def count_tokens(self, request: LLMRequest, principal: Principal, *, slip: QuotaSlip) -> TokenCount:
        """Return what the model that would answer would read."""
        ...

    def offers(self, principal: Principal) -> Sequence[Offer]:
        """Return what the caller may name as a model."""
        ...

    async def charge(self, principal: Principal, account_id: str | None = None, *, slip: QuotaSlip) -> None:
        """Count a request that comes to nothing. Raises :class:`RateLimitExceededError`."""
        ...


class ConsoleGreeting(Struct, frozen=True):
    """Which console this API fits: its version, and the digest of the calls it takes."""

    version: str
    digest: str


class ConsoleCalls(Protocol):
    """What a console elsewhere may call, each call by its name in the console's list."""

    def greeting(self) -> ConsoleGreeting:
        """Return which console fits."""
        ...

    def permission(self, name: str, *, is_stream: bool) -> str | None:
        """Return the permission that the call needs, None when there is no such call."""
        ...

    def read(self, name: str, body: bytes) -> Any:
        """Return the arguments in ``body``. Raises :class:`ValidationError`; may be called in a thread."""
        ...

    async def answer(self, name: str, arguments: Any, person: Principal) -> bytes:
        """Make the call for ``person``. Raises what it raises."""
        ...

    def stream(self, name: str, arguments: Any, person: Principal) -> AsyncGenerator[bytes, None]:
        """Make a call that answers in parts; closing the generator ends it. Raises what it raises."""
        ...

    def failure(self, error: LLMError) -> Any:
        """Return ``error`` for the console to raise, fit for JSON."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLimits:
    """Sizes in bytes: the largest body accepted, and the largest that is parsed on the event loop.

    ``body_pause`` and ``body_total`` are the seconds a client may pause in sending its body, and take in all.
    """

    max_body: int = DEFAULT_MAX_BODY_BYTES
    inline_parse: int = DEFAULT_INLINE_PARSE_BYTES
    body_pause: float = DEFAULT_BODY_PAUSE_S
    body_total: float = DEFAULT_BODY_TOTAL_S


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDeps:
    """Everything that the routes use. ``ready`` says whether the process should get traffic, ``load`` how many requests
    and streams are under way, ``dependencies`` what it stands on, ``recording`` how the record is doing, ``caching``
    how the cache of answers is doing,
    ``started`` when the process began.
    """

    router: RequestRouter
    console: ConsoleCalls
    authenticator: KeyAuthenticator
    sessions: SessionGate
    health: HealthReader
    operations: Operations
    money: MoneyDesks
    configuration: ConfigurationDesk
    provider_keys: ProviderKeyDesk
    tool_servers: ToolServerDesk
    cache: CacheDesk
    rates: LimitDesk
    access: AccessDesks
    keys: KeyDesk
    idempotency: IdempotentAnswers
    encryption: EncryptionDesk
    audit: AuditReader
    exporter: AuditExporter
    metrics: LiveMetrics
    nodes: NodeDesk
    recording: Callable[[], RecorderStats]
    caching: Callable[[], CacheReport]
    retention: RetentionJob
    load: Callable[[], tuple[int, int]]
    dependencies: Callable[[], DependencyReport]
    started: datetime
    ready: Callable[[], bool]
    clock: Clock
    limits: ApiLimits = field(default_factory=ApiLimits)


# Routes are built before the event loop runs; a source is asked at each request and raises OverloadedError till then.
DepsSource = Callable[[], ApiDeps]
