"""The table of the processes that serve from this store."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base

__all__ = ["ServingNode"]


class ServingNode(Base):
    """A process; ``seen_at`` is by the store's clock. Each writes its own row every second, so there is no index."""

    __tablename__ = "nodes"
    __table_args__ = (
        CheckConstraint("kind IN ('up', 'worker')", name="kind"),
        CheckConstraint("limits IN ('local', 'divided', 'redis')", name="limits"),
        CheckConstraint("redis IN ('off', 'up', 'down')", name="redis"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(BigInteger)
    in_flight: Mapped[int] = mapped_column(BigInteger)
    streams: Mapped[int] = mapped_column(BigInteger)
    pending: Mapped[int] = mapped_column(BigInteger)
    pending_bytes: Mapped[int] = mapped_column(BigInteger)
    lag_ms: Mapped[int] = mapped_column(BigInteger)
    set_aside: Mapped[int] = mapped_column(BigInteger)
    dropped: Mapped[int] = mapped_column(BigInteger)
    loop_lag_ms: Mapped[int] = mapped_column(BigInteger)
    store_ms: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[str]
    python: Mapped[str]
    schema: Mapped[str]
    draining: Mapped[bool]
    limits: Mapped[str]
    redis: Mapped[str]
    key_generation: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    key_slot: Mapped[str] = mapped_column(server_default=text("''"))
