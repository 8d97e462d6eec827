"""What the record says once everything is settled, for tests that end processes."""

from pathlib import Path

import msgspec
from sqlalchemy import text

from db.engine import make_engine, reading

__all__ = ["Settled", "journal_files", "settled"]

SUMS = (("audit_log", "cost"), ("ledger_posts", "amount"), ("metric_totals", "cost"), ("usage_hours", "cost"))


class Settled(msgspec.Struct, frozen=True):
    """Status of each request by its id, how many rows tell of requests, and the sums of money by table."""

    statuses: dict[str, str]
    rows: int
    sums: dict[str, int]


def settled(store: str, prefix: str) -> Settled:
    """Return what ``store`` has of requests whose id begins with ``prefix``, and of all money."""
    engine = make_engine(store)
    with reading(engine).connect() as connection:
        rows = connection.execute(
            text("SELECT request_id, status FROM audit_log WHERE request_id LIKE :tag"), {"tag": f"{prefix}%"}
        ).all()
        sums = {
            name: int(connection.scalar(text(f"SELECT coalesce(sum({column}), 0) FROM {name}")) or 0)
            for name, column in SUMS
        }
    engine.dispose()
    return Settled({row.request_id: row.status for row in rows}, len(rows), sums)


def journal_files(data_dir: Path) -> list[str]:
    """Return the segments that are left in the journals of ``data_dir``."""
    return [str(each) for each in (data_dir / "journal").glob("*/*.log")]
