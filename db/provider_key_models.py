"""The table of providers' keys."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text, true
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base

__all__ = ["ProviderKeyRow"]


class ProviderKeyRow(Base):
    """A key of a provider, part of the configuration. ``sealed`` is ciphertext, bound to ``id`` and ``account_id``.

    ``place`` is where it may go, ``entered_at`` when somebody last typed it in.
    """

    __tablename__ = "provider_keys"
    __table_args__ = (
        CheckConstraint("weight >= 1", name="weight"),
        Index(None, "provider_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("llm_providers.id", ondelete="CASCADE"))
    account_id: Mapped[str | None]
    label: Mapped[str]
    sealed: Mapped[bytes]
    key_version: Mapped[int] = mapped_column(ForeignKey("data_keys.open_version"))
    mask: Mapped[str]
    place: Mapped[str]
    weight: Mapped[int] = mapped_column(server_default=text("100"))
    is_active: Mapped[bool] = mapped_column(server_default=true())
    entered_at: Mapped[datetime]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
