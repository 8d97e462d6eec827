"""The tables of the keys that seal secrets. No key is in the clear in any of them."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base

__all__ = ["DataKeyRow", "KeyWrapRow", "MasterSlotRow", "VaultState"]


class VaultState(Base):
    """The one row that says how often the keys were changed."""

    __tablename__ = "vault"
    __table_args__ = (CheckConstraint("id = 1", name="id"), CheckConstraint("generation >= 1", name="generation"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generation: Mapped[int] = mapped_column(BigInteger)


class MasterSlotRow(Base):
    """A master key that opens the vault; two while it is being changed."""

    __tablename__ = "master_slots"

    id: Mapped[str] = mapped_column(primary_key=True)
    salt: Mapped[bytes]
    canary: Mapped[bytes]
    created_at: Mapped[datetime]


class KeyWrapRow(Base):
    """A key, sealed under a master key."""

    __tablename__ = "key_wraps"

    slot: Mapped[str] = mapped_column(ForeignKey("master_slots.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


class DataKeyRow(Base):
    """A data key by its version. ``open_version`` is the version again until the key is retired.

    Tables of sealed secrets refer to ``open_version``: so a key in use cannot be retired, and nothing can be sealed
    under one that is, whatever a process believes.
    """

    __tablename__ = "data_keys"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("state IN ('staged', 'primary', 'draining', 'retired')", name="state"),
        CheckConstraint("(open_version IS NULL) = (state = 'retired')", name="open_version"),
        UniqueConstraint("open_version"),
    )

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    state: Mapped[str]
    open_version: Mapped[int | None]
    created_at: Mapped[datetime]
    promoted_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
