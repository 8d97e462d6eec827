"""The audit log as it is read: rows, filters, pages."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from router_core.types.events import Content
from router_core.types.money import NanoUSD
from router_core.types.plan import Decision

__all__ = [
    "REQUEST_EVENT",
    "AuditChoices",
    "AuditCount",
    "AuditDetail",
    "AuditEntry",
    "AuditFilter",
    "AuditPage",
    "ChainHead",
    "ExportFormat",
]

# The kind of every row that a request made; administrative acts carry their verb.
REQUEST_EVENT = "llm.request"


class AuditEntry(Struct, frozen=True, kw_only=True, rename="camel"):
    """One row: a request or an administrative act (``event`` is its verb).

    ``position`` grows in the order of commits; ``writer`` and ``seq`` say where the row stands in which hash chain.
    Token classes are disjoint; ``cost`` in nano-dollars, None for a model without a price; times in milliseconds.
    ``api_key`` is the key's public id, ``user`` a person's e-mail address, ``actor`` the name of whoever it was.
    """

    position: int
    id: str
    writer: str
    seq: int
    at: datetime
    event: str
    status: str
    error_code: str | None
    request_id: str
    account_id: str | None
    api_key: str | None
    user: str | None
    actor: str
    role: str | None
    address: str
    use_case: str | None
    provider: str | None
    model: str | None
    target: str
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost: NanoUSD | None
    estimated: bool
    latency_ms: float | None
    first_token_ms: float | None
    attempts: int
    cached: bool
    streamed: bool


class AuditFilter(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which rows: ``since`` <= at < ``until``, and every other field that is set. ``accounts`` None means all.

    ``accounts`` is what the reader may see, ``account`` what they asked for. ``text`` is searched as whole words.
    """

    since: datetime
    until: datetime
    accounts: tuple[str, ...] | None = None
    account: str | None = None
    api_key: str | None = None
    user: str | None = None
    use_case: str | None = None
    provider: str | None = None
    model: str | None = None
    status: str | None = None
    event: str | None = None
    error_code: str | None = None
    request_id: str | None = None
    text: str | None = None


class AuditPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """Rows newest first. ``older`` and ``newer`` are cursors, None where nothing lies beyond.

    ``looked_back_to`` is set when the search stopped before the page was full, because it had looked at as much as one
    page may cost: everything that matches after that moment is here or on newer pages; ``older`` goes on from there.
    """

    entries: tuple[AuditEntry, ...]
    older: str | None
    newer: str | None
    looked_back_to: datetime | None = None


class AuditCount(Struct, frozen=True, rename="camel"):
    """How many rows match; at least ``number`` when ``capped``."""

    number: int
    capped: bool


class AuditChoices(Struct, frozen=True, kw_only=True, rename="camel"):
    """What may be chosen in filter menus: values that occurred, in order."""

    accounts: tuple[str, ...]
    api_keys: tuple[str, ...]
    users: tuple[str, ...]
    use_cases: tuple[str, ...]
    providers: tuple[str, ...]
    models: tuple[str, ...]
    events: tuple[str, ...]


class AuditDetail(Struct, frozen=True, kw_only=True, rename="camel"):
    """One row with everything that is kept of it; traces and contents are kept for a shorter time than rows.

    ``decision`` is a request's, ``detail``, ``before`` and ``after`` are an act's.
    """

    entry: AuditEntry
    decision: Decision | None = None
    metadata: dict[str, Any] = {}
    content: Content | None = None
    detail: dict[str, Any] = {}
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


ExportFormat = Literal["csv", "jsonl", "parquet"]


class ChainHead(Struct, frozen=True, kw_only=True):
    """Where a writer's hash chain ends: ``hash`` is the SHA-256 of its row ``seq``; 0 and zeros before the first."""

    writer: str
    seq: int
    hash: bytes
