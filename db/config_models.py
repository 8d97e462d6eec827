"""The tables of the configuration's history."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base

__all__ = ["StoredDraft", "StoredVersion"]


class StoredVersion(Base):
    """One version of the configuration, written in the transaction that put it in force and never changed.

    ``document`` is JSON, deflated: a large configuration is the same few words over and over.
    """

    __tablename__ = "config_versions"
    __table_args__ = (CheckConstraint("revision >= 1", name="revision"), CheckConstraint("base >= 0", name="base"))

    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    note: Mapped[str]
    base: Mapped[int] = mapped_column(BigInteger)
    restored: Mapped[int | None] = mapped_column(BigInteger)
    document: Mapped[bytes]


class StoredDraft(Base):
    """What a person is writing on; ``document`` as in :class:`StoredVersion`, though it need not be valid."""

    __tablename__ = "config_drafts"
    __table_args__ = (CheckConstraint("person_id <> ''", name="person_id"),)

    person_id: Mapped[str] = mapped_column(primary_key=True)
    base: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str]
    saved_at: Mapped[datetime]
    document: Mapped[bytes]
