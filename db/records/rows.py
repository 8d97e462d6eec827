"""What an event or an act becomes in the audit log, before it has a place in a chain."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from db.records.search_words import action_words, event_words
from router_core.types import REQUEST_EVENT, OperatorAction, RequestEvent, Usage

__all__ = ["EPOCH", "Record", "micros", "record_of_action", "record_of_event"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_JSON: Final = msgspec.json.Encoder(order="deterministic")
_NO_USAGE: Final = Usage()


class Record(Struct, frozen=True):
    """A row without writer, seq and hash, ``at`` in microseconds, what is kept beside it for a shorter time, and the
    words by which it is found.
    """

    row: dict[str, Any]
    trace: bytes
    content: bytes | None = None
    words: tuple[str, ...] = ()


def record_of_event(event: RequestEvent) -> Record:
    """Return the record of a request."""
    trace = _JSON.encode({"decision": event.decision, "metadata": event.metadata})
    content = None if event.content is None else _JSON.encode(event.content)
    who, usage = event.principal, event.usage
    row = {
        "id": event.id,
        "at": micros(event.timestamp),
        "event": REQUEST_EVENT,
        "status": event.status,
        "error_code": event.error_code,
        "request_id": event.request_id,
        "account_id": event.account_id,
        "api_key": who.id if who.kind == "key" else None,
        "user_email": who.name if who.kind == "person" else None,
        "actor": who.name,
        "role": who.role,
        "address": event.address,
        "use_case": event.use_case,
        "provider": event.provider,
        "model": event.model,
        "target": "",
        **_tokens(usage),
        "cost": event.cost,
        "estimated": event.estimated,
        "latency_us": round(event.latency_ms * 1000),
        "first_token_us": None if event.first_token_ms is None else round(event.first_token_ms * 1000),
        "attempts": len(event.decision.attempts),
        "cached": event.cached,
        "streamed": event.streamed,
        "trace_hash": sha256(trace).digest(),
        "content_hash": None if content is None else sha256(content).digest(),
    }
    return Record(row, trace, content, tuple(event_words(event)))


def record_of_action(action: OperatorAction) -> Record:
    """Return the record of an administrative act."""
    trace = _JSON.encode(
        {"actor_id": action.actor_id, "detail": action.detail, "before": action.before, "after": action.after}
    )
    row = {
        "id": action.id,
        "at": micros(action.at),
        "event": action.action,
        "status": "success",
        "error_code": None,
        "request_id": "",
        "account_id": action.account_id,
        # A person is known by an address, a key by its public part; what the program does by itself by neither.
        "api_key": action.actor_id if action.actor_id and "@" not in action.actor else None,
        "user_email": action.actor if "@" in action.actor else None,
        "actor": action.actor,
        "role": action.role,
        "address": action.address,
        "use_case": None,
        "provider": None,
        "model": None,
        "target": action.target,
        **_tokens(_NO_USAGE),
        "cost": 0,
        "estimated": False,
        "latency_us": None,
        "first_token_us": None,
        "attempts": 0,
        "cached": False,
        "streamed": False,
        "trace_hash": sha256(trace).digest(),
        "content_hash": None,
    }
    return Record(row, trace, None, tuple(action_words(action)))


def micros(moment: datetime) -> int:
    """Return the microseconds from 1970 to ``moment``."""
    return (moment - EPOCH) // _MICROSECOND


def _tokens(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.fresh_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }
