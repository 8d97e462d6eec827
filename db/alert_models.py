"""Alerts, the channels that carry them, and the outbox of deliveries.

No row refers to another by a foreign key: alerts are raised in the recorder's transaction, which must not fail because
somebody removes a channel at the same moment.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.column_types import UtcMicros

__all__ = ["AlertChannelRow", "AlertDeliveryRow", "AlertRow"]


class AlertRow(Base):
    """An alert: once for each kind, subject, period, threshold and limit (``amount``). Nano-dollars."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("kind", "subject", "period", "threshold", "amount"),
        CheckConstraint(
            "kind IN ('threshold', 'burn_fast', 'burn_slow', 'overage', 'unpriced', 'spent_out')", name="kind"
        ),
        CheckConstraint("threshold >= 0", name="threshold"),
        Index(None, "at"),
        Index(None, "subject", "at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    period: Mapped[str]
    threshold: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    spent: Mapped[int] = mapped_column(BigInteger)
    detail: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcMicros)


class AlertChannelRow(Base):
    """A way to people. Without ``kinds`` it carries all of them, without an account what concerns any."""

    __tablename__ = "alert_channels"
    __table_args__ = (
        CheckConstraint("kind IN ('webhook', 'email')", name="kind"),
        CheckConstraint("target <> ''", name="target"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    target: Mapped[str]
    kinds: Mapped[tuple[str, ...]]
    account_id: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=true())
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(UtcMicros)
    updated_at: Mapped[datetime] = mapped_column(UtcMicros)


class AlertDeliveryRow(Base):
    """One alert on its way over one channel. Who delivers it claims it until ``claimed_until``.

    The index by state finds what is due, those by alert and channel serve the log.
    """

    __tablename__ = "alert_deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="state"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(None, "state", "next_at"),
        Index(None, "alert_id"),
        Index(None, "channel_id", "created_at"),
        Index(None, "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    alert_id: Mapped[str]
    channel_id: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime] = mapped_column(UtcMicros)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcMicros)
    last_status: Mapped[int | None]
    last_error: Mapped[str] = mapped_column(server_default=text("''"))
    created_at: Mapped[datetime] = mapped_column(UtcMicros)
    updated_at: Mapped[datetime] = mapped_column(UtcMicros)
