"""How fast somebody may ask."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Double, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.column_types import UtcMicros

__all__ = ["LimitResetRow", "RateLimitRow"]


class RateLimitRow(Base):
    """A limit that somebody set, part of the configuration; NULL is no limit of that kind, or an account's default."""

    __tablename__ = "rate_limits"
    __table_args__ = (
        CheckConstraint("scope IN ('account', 'key', 'use_case')", name="scope"),
        CheckConstraint("requests_per_second > 0", name="requests_per_second"),
        CheckConstraint("burst >= 1", name="burst"),
        CheckConstraint("tokens_per_minute >= 1", name="tokens_per_minute"),
        CheckConstraint("concurrency >= 1", name="concurrency"),
        CheckConstraint("version >= 1", name="version"),
    )

    scope: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    requests_per_second: Mapped[float | None] = mapped_column(Double)
    burst: Mapped[int | None]
    tokens_per_minute: Mapped[int | None]
    concurrency: Mapped[int | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime] = mapped_column(UtcMicros)


class LimitResetRow(Base):
    """How often the buckets of a target began anew; part of their names."""

    __tablename__ = "limit_resets"
    __table_args__ = (
        CheckConstraint("scope IN ('account', 'key', 'use_case', 'provider')", name="scope"),
        CheckConstraint("number >= 1", name="number"),
    )

    scope: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    at: Mapped[datetime]
