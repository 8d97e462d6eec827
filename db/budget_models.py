"""Limits on money, what was spent of them in each period, and the parts that processes hold."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.column_types import UtcMicros

__all__ = ["BudgetLease", "BudgetPot", "BudgetRow", "BudgetTopUpRow"]


def _amount() -> Mapped[int]:
    return mapped_column(BigInteger, server_default=text("0"))


class BudgetRow(Base):
    """A limit that somebody set. ``amount`` is in nano-dollars, NULL for no limit; part of the configuration."""

    __tablename__ = "budgets"
    __table_args__ = (
        UniqueConstraint("scope", "target", "period", "mode"),
        CheckConstraint("scope IN ('installation', 'account', 'key', 'use_case', 'provider')", name="scope"),
        CheckConstraint("period IN ('daily', 'monthly')", name="period"),
        CheckConstraint("mode IN ('hard', 'soft', 'downgrade')", name="mode"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str]
    target: Mapped[str]
    period: Mapped[str]
    mode: Mapped[str]
    amount: Mapped[int | None] = mapped_column(BigInteger)
    thresholds: Mapped[tuple[str, ...]]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime] = mapped_column(UtcMicros)


class BudgetTopUpRow(Base):
    """Money that somebody asked for on top of a budget, and what became of it; ``amount`` is in nano-dollars.

    Those that are approved are part of the configuration. The index by state serves every load of it.
    """

    __tablename__ = "budget_topups"
    __table_args__ = (
        CheckConstraint("scope IN ('installation', 'account', 'key', 'use_case', 'provider')", name="scope"),
        CheckConstraint("period IN ('daily', 'monthly')", name="period"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state IN ('pending', 'approved', 'denied', 'withdrawn', 'ended')", name="state"),
        Index(None, "state", "ends_at"),
        Index(None, "scope", "target"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str]
    target: Mapped[str]
    period: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    ends_at: Mapped[datetime] = mapped_column(UtcMicros)
    asked_at: Mapped[datetime] = mapped_column(UtcMicros)
    asked_by: Mapped[str]
    asked_by_id: Mapped[str]
    state: Mapped[str]
    decided_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    decided_by: Mapped[str]
    note: Mapped[str]
    ended_by: Mapped[str]


class BudgetPot(Base):
    """A budget in one period, in nano-dollars: ``spent + leased`` stay within limit, running top-ups and overage.

    ``amount`` and ``thresholds`` are what the last process to ask took for the limit, without top-ups; they count for
    default budgets, which have no row of their own. ``marks`` is what was spent of late, by slots, as MessagePack.
    """

    __tablename__ = "budget_pots"
    __table_args__ = (
        CheckConstraint("spent >= 0", name="spent"),
        CheckConstraint("leased >= 0", name="leased"),
        CheckConstraint("overage >= 0", name="overage"),
        Index(None, "touched_at"),
    )

    budget: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    spent: Mapped[int] = _amount()
    leased: Mapped[int] = _amount()
    overage: Mapped[int] = _amount()
    amount: Mapped[int | None] = mapped_column(BigInteger)
    thresholds: Mapped[tuple[str, ...]]
    marks: Mapped[bytes | None]
    touched_at: Mapped[datetime] = mapped_column(UtcMicros)


class BudgetLease(Base):
    """Part of a pot in the hands of the process that writes the journal ``writer``. Nano-dollars.

    ``beyond`` is what calls cost that it did not cover, ``beyond_posted`` how much of that is on record.

    The index by writer serves recalls and recovery, the one by pot what is settled and not on record yet.
    """

    __tablename__ = "budget_leases"
    __table_args__ = (
        CheckConstraint("amount >= posted", name="amount"),
        CheckConstraint("posted >= 0", name="posted"),
        Index(None, "writer"),
        Index(None, "budget", "period"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    budget: Mapped[str]
    period: Mapped[str]
    writer: Mapped[str]
    amount: Mapped[int] = _amount()
    posted: Mapped[int] = _amount()
    settled: Mapped[int] = _amount()
    beyond: Mapped[int] = _amount()
    beyond_posted: Mapped[int] = _amount()
    closed: Mapped[bool] = mapped_column(server_default=false())
    recalled: Mapped[bool] = mapped_column(server_default=false())
    ends_at: Mapped[datetime] = mapped_column(UtcMicros)
