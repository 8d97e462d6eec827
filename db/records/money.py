"""Ledger posts and usage of finished requests, inside the recorder's transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from db.record_models import UsageHour
from db.records.raw_tables import LEDGER
from db.records.rows import micros
from db.upserts import insert_into
from router_core.types import RequestEvent

__all__ = ["add_ledger_posts", "add_usage"]

_KEY: Final = ("hour", "account_id", "api_key", "use_case", "provider", "model")
_SUMS: Final = (
    "requests", "errors", "cached", "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens",
    "output_tokens", "reasoning_tokens", "cost", "unpriced",
)  # fmt: skip
_Key = tuple[datetime, str, str, str, str, str]


def add_ledger_posts(session: Session, events: Iterable[RequestEvent]) -> None:
    """Post what each of ``events`` cost; free and unpriced ones leave no post."""
    posts = [
        {
            "id": event.id,
            "account_id": event.account_id,
            "at": micros(event.timestamp),
            "amount": event.cost,
            "estimated": event.estimated,
            "price": event.price,
        }
        for event in events
        if event.cost
    ]
    if posts:
        session.execute(insert(LEDGER), posts)


def add_usage(session: Session, events: Sequence[RequestEvent]) -> None:
    """Add ``events`` to the hours of their accounts; other transactions may do so at the same time."""
    hours: dict[_Key, list[int]] = {}
    for event in events:
        sums = hours.setdefault(_key(event), [0] * len(_SUMS))
        for place, amount in enumerate(_amounts(event)):
            sums[place] += amount
    if not hours:
        return
    statement = insert_into(session, UsageHour.__table__)
    table = UsageHour.__table__.columns
    added = {name: table[name] + statement.excluded[name] for name in _SUMS}
    upsert = statement.on_conflict_do_update(index_elements=list(_KEY), set_=added)
    # In one order in every process, so that two of them never wait for each other.
    session.execute(upsert, [_row(key, hours[key]) for key in sorted(hours)])


def _key(event: RequestEvent) -> _Key:
    return (
        event.timestamp.replace(minute=0, second=0, microsecond=0),
        event.account_id or "",
        event.principal.id if event.principal.kind == "key" else "",
        event.use_case,
        event.provider or "",
        event.model or "",
    )


def _amounts(event: RequestEvent) -> tuple[int, ...]:
    usage = event.usage
    return (
        1,
        event.status in ("error", "unknown"),
        event.cached,
        usage.fresh_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        event.cost or 0,
        event.cost is None,
    )


def _row(key: _Key, sums: list[int]) -> dict[str, Any]:
    return {**dict(zip(_KEY, key, strict=True)), **dict(zip(_SUMS, sums, strict=True))}
