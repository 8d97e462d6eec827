"""How long the store keeps what piles up."""

from datetime import datetime

from msgspec import Struct

__all__ = ["RetentionReport", "RetentionRule"]


class RetentionRule(Struct, frozen=True, rename="camel"):
    """Rows of ``table`` go ``days`` after their time; 0 keeps them for ever."""

    table: str
    days: int


class RetentionReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one run did with one table: rows removed that were older than ``before``, None for what is kept for ever."""

    table: str
    days: int
    before: datetime | None
    removed: int
