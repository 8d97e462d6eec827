"""``/api/admin/stats`` and ``/api/admin/retention``: how the record side is doing."""

from msgspec import Struct

from router_core.api.call import Call
from router_core.api.documents import read_query
from router_core.journal.stats import RecorderStats
from router_core.rate_limiting.memory_limiter import LimiterStats
from router_core.types import CacheReport, DependencyState, RetentionReport, RetentionRule

__all__ = ["RetentionAnswer", "StatsAnswer", "report_retention", "report_stats"]


class StatsAnswer(Struct, frozen=True, rename="camel"):
    """The recorder, caches and limiter of the answering process, what it has under way, and what it stands on."""

    recorder: RecorderStats
    in_flight: int
    streams: int
    cache: CacheReport
    limits: LimiterStats
    dependencies: tuple[DependencyState, ...]


class RetentionAnswer(Struct, frozen=True, rename="camel"):
    """How long each table is kept, and what the last run of the answering process removed."""

    rules: list[RetentionRule]
    last_run: list[RetentionReport]


async def report_stats(call: Call) -> None:
    """Answer with the counts."""
    read_query(call, {})
    deps = call.deps
    stands_on = deps.dependencies().dependencies
    await call.answer(StatsAnswer(deps.recording(), *deps.load(), deps.caching(), deps.rates.stats(), stands_on))


async def report_retention(call: Call) -> None:
    """Answer with the rules and what they did."""
    read_query(call, {})
    job = call.deps.retention
    await call.answer(RetentionAnswer(list(job.rules), list(job.last.values())))
