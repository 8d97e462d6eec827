"""Makes an audit log of millions of rows: ``python -m benchmarks.audit_rows URL [--rows 10000000]``.

Thirty days, 200 accounts and 400 keys of very different sizes, 97 % successes. Rows go in without indexes, which are
made afterwards; the chain is made up, since nothing here verifies it.
"""

import argparse
import itertools
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Index, insert, text
from sqlalchemy.schema import CreateIndex, DropIndex

from db.engine import make_engine, writing
from db.migrate import upgrade
from db.record_models import AuditRow
from db.records.raw_tables import LOG

CHUNK = 20_000
DAYS = 30
MODELS = ("gpt-4o-mini", "gpt-4o", "claude-haiku-4-5", "claude-sonnet-4-5", "gpt-4o-2024-08-06", "rare-model")
PROVIDERS = tuple(f"provider-{number}" for number in range(8))
USE_CASES = ("draft", "summary", "general", "complex", "vision", "voice")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INDEXES: tuple[Index, ...] = tuple(AuditRow.__table__.indexes)  # type: ignore[attr-defined]


def main() -> None:
    """Fill the store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=10_000_000)
    options = parser.parse_args()
    upgrade(options.url)
    engine = make_engine(options.url)
    began = time.perf_counter()
    fill(engine, options.rows)
    print(f"{options.rows:,} rows in {time.perf_counter() - began:.0f} s")


def fill(engine: Engine, count: int) -> None:
    """Put ``count`` rows, the newest of now, into an empty log."""
    with writing(engine).begin() as connection:
        for index in INDEXES:
            connection.execute(DropIndex(index))
    rows = made_rows(count, datetime.now(UTC))
    while chunk := list(itertools.islice(rows, CHUNK)):
        with writing(engine).begin() as connection:
            connection.execute(insert(LOG), chunk)
    for index in INDEXES:
        with writing(engine).begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
            connection.execute(CreateIndex(index))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def made_rows(count: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield rows, oldest first."""
    rng = random.Random(7)
    start = (now - timedelta(days=DAYS) - EPOCH) // timedelta(microseconds=1)
    step = DAYS * 86_400_000_000 // count
    accounts = _sizes([f"account-{number:03d}" for number in range(200)], rng)
    keys = _sizes([f"key{number:03d}" for number in range(400)], rng)
    models = rng.choices(MODELS, (40, 20, 25, 14, 0.99, 0.01), k=65_536)
    for number in range(count):
        status = "success" if number % 33 else ("error", "cancelled", "unknown")[number // 33 % 3]
        person = number % 50 == 0
        yield {
            "id": f"{number:026d}", "writer": "bench", "seq": number + 1, "at": start + number * step,
            "event": "llm.request", "status": status, "error_code": None if status == "success" else "PROVIDER_ERROR",
            "request_id": f"request-{number}", "account_id": accounts[number * 7919 % 65_536],
            "api_key": None if person else keys[number * 104_729 % 65_536],
            "user_email": f"user{number // 50 % 50}@example.com" if person else None, "actor": "somebody",
            "role": "service", "address": "10.0.0.7", "use_case": USE_CASES[number * 31 % 6],
            "provider": PROVIDERS[number * 17 % 8], "model": models[number * 13 % 65_536], "target": "",
            "input_tokens": 900, "cache_read_tokens": 100, "cache_write_tokens": 0, "cache_write_1h_tokens": 0,
            "output_tokens": 250, "reasoning_tokens": 0, "cost": 450_000 + number, "estimated": False,
            "latency_us": 350_000 + number % 4_000_000, "first_token_us": 120_000, "attempts": 1, "cached": False,
            "streamed": True, "trace_hash": None, "content_hash": None, "hash": b"0" * 32,
        }  # fmt: skip


def _sizes(names: list[str], rng: random.Random) -> list[str]:
    """Return 65,536 picks of ``names``, the first a hundred times as often as the hundredth."""
    return rng.choices(names, [1 / (place + 1) for place in range(len(names))], k=65_536)


if __name__ == "__main__":
    main()
