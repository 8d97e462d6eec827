"""The price book: every version of every price, never changed and never removed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.column_types import UtcMicros

__all__ = ["PriceRow"]


class PriceRow(Base):
    """One version of what a model costs from ``starts`` on; part of the configuration.

    ``tiers`` is JSON: nano-dollars per million tokens of each class, by length of the prompt; ``[]`` withdraws the
    price. Empty ``account_id`` and ``provider`` stand for all of them.
    """

    __tablename__ = "prices"
    __table_args__ = (
        CheckConstraint("kind IN ('listed', 'own')", name="kind"),
        CheckConstraint("model <> ''", name="model"),
        Index(None, "model", "starts"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    model: Mapped[str]
    provider: Mapped[str] = mapped_column(server_default=text("''"))
    account_id: Mapped[str] = mapped_column(server_default=text("''"))
    starts: Mapped[datetime] = mapped_column(UtcMicros)
    tiers: Mapped[str]
    source: Mapped[str]
    made_by: Mapped[str] = mapped_column(server_default=text("''"))
    made_at: Mapped[datetime] = mapped_column(UtcMicros)
