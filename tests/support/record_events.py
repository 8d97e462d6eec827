"""Requests and calls as the record side sees them, and a store that can be told to fail."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from router_core.clock import new_ulid
from router_core.errors import OverloadedError
from router_core.ports import BatchResult, EventBatch, JournalPosition
from router_core.types import (
    REQUEST_EVENT,
    Attempt,
    AuditDetail,
    AuditEntry,
    ChainHead,
    Decision,
    Intent,
    Principal,
    RequestEvent,
    Usage,
)
from tests.support.fake_clock import FakeClock

__all__ = ["KeptHeads", "KeptOverlay", "ObedientStore", "audit_row", "event", "intent", "principal"]

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_CLOCK = FakeClock()


def principal(name: str = "acme key") -> Principal:
    """Return a service key of the account acme."""
    return Principal(kind="key", id="k1", name=name, role="service", accounts=("acme",))


def event(number: int = 1, **changes: Any) -> RequestEvent:
    """Return a finished request; its id and time grow with ``number``."""
    values: dict[str, Any] = {
        "id": f"{number:026d}",
        "timestamp": AT + timedelta(seconds=number),
        "principal": principal(),
        "account_id": "acme",
        "use_case": "draft",
        "provider": "a",
        "model": "gpt-4o-mini",
        "status": "success",
        "error_code": None,
        "usage": Usage(input_tokens=100, output_tokens=20),
        "cost": 27_000,
        "latency_ms": 420.5,
        "first_token_ms": None,
        "streamed": False,
        "cached": False,
        "decision": Decision(
            use_case="draft",
            revision=1,
            estimated_input_tokens=100,
            considered=(),
            attempts=(Attempt(number=1, provider="a", model="gpt-4o-mini", outcome="success", latency_ms=420.5),),
        ),
        "request_id": f"request-{number}",
    }
    return RequestEvent(**{**values, **changes})


def intent(event_id: str | None = None, **changes: Any) -> Intent:
    """Return a call that is about to be made."""
    values: dict[str, Any] = {
        "event_id": event_id or new_ulid(_CLOCK),
        "number": 1,
        "at": AT,
        "request_id": "request",
        "principal": principal(),
        "account_id": "acme",
        "use_case": "draft",
        "provider": "a",
        "model": "gpt-4o-mini",
        "reason": "first",
        "streamed": False,
        "address": "127.0.0.1",
        "bound": 50_000,
        "estimated_input_tokens": 100,
    }
    return Intent(**{**values, **changes})


def audit_row(position: int = 1, **changes: Any) -> AuditDetail:
    """Return a row of the audit log with its trace; its id and time grow with ``position``."""
    values: dict[str, Any] = {
        "position": position, "id": f"{position:026d}", "writer": "w", "seq": position,
        "at": AT + timedelta(seconds=position), "event": REQUEST_EVENT, "status": "success", "error_code": None,
        "request_id": f"request-{position}", "account_id": "acme", "api_key": "k1", "user": None, "actor": "acme key",
        "role": "service", "address": "127.0.0.1", "use_case": "draft", "provider": "a", "model": "gpt-4o-mini",
        "target": "", "input_tokens": 100, "cache_read_tokens": 0, "cache_write_tokens": 0, "cache_write_1h_tokens": 0,
        "output_tokens": 20, "reasoning_tokens": 0, "cost": 27_000, "estimated": False, "latency_ms": 420.5,
        "first_token_ms": None, "attempts": 1, "cached": False, "streamed": False,
    }  # fmt: skip
    return AuditDetail(entry=AuditEntry(**{**values, **changes}), decision=event(position).decision)


class ObedientStore:
    """An event store in memory: ``down`` is out of reach, ``refuses`` picks events that it never takes."""

    def __init__(self) -> None:
        self.events: dict[str, RequestEvent] = {}
        self.batches: list[int] = []
        self.reached: dict[str, JournalPosition] = {}
        self.reclaimed: list[str] = []
        self.down = False
        self.refuses: Callable[[RequestEvent], bool] = lambda _: False

    async def reclaim(self, writer: str) -> None:
        self.reclaimed.append(writer)

    async def apply(self, batch: EventBatch) -> BatchResult:
        if self.down:
            raise OverloadedError("The store cannot be reached")
        if any(self.refuses(each) for each in batch.events):
            raise ValueError("a value is not allowed")
        new = [each for each in batch.events if each.id not in self.events]
        self.events.update((each.id, each) for each in new)
        self.batches.append(len(batch.events))
        if batch.position is not None:
            self.reached[batch.writer] = batch.position
        head = ChainHead(writer=batch.writer, seq=len(self.events), hash=bytes(32))
        return BatchResult(added=len(new), known=len(batch.events) - len(new), head=head)

    async def position(self, writer: str) -> JournalPosition | None:
        return self.reached.get(writer)

    async def known(self, ids: Collection[str]) -> set[str]:
        return set(ids) & self.events.keys()


class KeptOverlay:
    """Remembers what is not in the store."""

    def __init__(self) -> None:
        self.waiting: set[str] = set()

    def add(self, event: RequestEvent) -> None:
        self.waiting.add(event.id)

    def settled(self, ids: Collection[str]) -> None:
        self.waiting -= set(ids)


class KeptHeads:
    """Keeps the newest head of each chain."""

    def __init__(self) -> None:
        self.kept: dict[str, ChainHead] = {}

    def keep(self, head: ChainHead, at: datetime) -> None:
        self.kept[head.writer] = head

    def heads(self) -> list[ChainHead]:
        return list(self.kept.values())
