"""Answers that are kept under idempotency keys."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.column_types import UtcMicros

__all__ = ["IdempotentAnswer"]


class IdempotentAnswer(Base):
    """A key that is taken until ``ends_at``, since ``claimed_at``; ``answer`` is sealed, NULL while it is being made.

    ``place`` is a digest of the key, of its account, its caller and the path; ``body`` one of the request's body.
    """

    __tablename__ = "idempotent_answers"
    __table_args__ = (
        CheckConstraint("size >= 0", name="size"),
        Index(None, "account_id", "ends_at", "size"),
        Index(None, "claimed_at"),
    )

    place: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str]
    body: Mapped[str]
    lease: Mapped[str]
    claimed_at: Mapped[datetime] = mapped_column(UtcMicros)
    ends_at: Mapped[datetime] = mapped_column(UtcMicros)
    size: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    answer: Mapped[bytes | None]
