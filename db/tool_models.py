"""The tables of servers whose tools models may use."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base

__all__ = ["StoredToolServer", "ToolTokenRow"]


class StoredToolServer(Base):
    """A server, as JSON; part of the configuration."""

    __tablename__ = "tool_servers"
    __table_args__ = (CheckConstraint("name <> ''", name="name"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    server: Mapped[dict[str, Any]]


class ToolTokenRow(Base):
    """The bearer token of a server, part of the configuration. ``sealed`` is ciphertext, bound to ``id``.

    It is of no account. ``place`` is where it may go, ``entered_at`` when somebody typed it in.
    """

    __tablename__ = "tool_tokens"

    server: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[str | None]
    sealed: Mapped[bytes]
    key_version: Mapped[int] = mapped_column(ForeignKey("data_keys.open_version"))
    mask: Mapped[str]
    place: Mapped[str]
    entered_at: Mapped[datetime]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
