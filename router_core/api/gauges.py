"""The gauges of ``/metrics``: how processes are now, each figure with the name of its process."""

from router_core.api.call import Call
from router_core.errors import OverloadedError
from router_core.rate_limiting.memory_limiter import LimiterStats
from router_core.types import CacheReport, Node

__all__ = ["Gauges", "read_gauges"]

# By the gauge's name and the node's.
Gauges = dict[str, dict[str, float]]


async def read_gauges(call: Call) -> Gauges:
    """Return the load and journal of every process that serves, a second old at most, and of this one the cache, the
    limiter and the revision of the configuration that it serves.

    While the register of nodes cannot be read, all of them are of the process that answers.
    """
    own = call.deps.nodes.own_name
    found = await _of_all(call) or _named(own, _of_this_process(call))
    mine = {
        "config_revision": float(call.deps.configuration.serving),
        **_cache_gauges(call.deps.caching()),
        **_limit_gauges(call.deps.rates.stats()),
    }
    return {**found, **_named(own, mine)}


async def _of_all(call: Call) -> Gauges:
    try:
        seen = [each.node for each in await call.deps.nodes.seen() if each.state != "lost"]
    except OverloadedError:
        return {}
    found: Gauges = {}
    for node in seen:
        for name, value in _of_node(node).items():
            figures = found.setdefault(name, {})
            # A worker and its successor bear one name for a moment.
            figures[node.name] = figures.get(node.name, 0) + value
    return found


def _named(node: str, figures: dict[str, float]) -> Gauges:
    return {name: {node: value} for name, value in figures.items()}


def _of_node(node: Node) -> dict[str, float]:
    return {
        "in_flight_requests": node.in_flight,
        "open_streams": node.streams,
        "journal_pending_events": node.pending,
        "journal_bytes": node.pending_bytes,
        "journal_lag_seconds": node.lag_ms / 1000,
        "journal_set_aside_events": node.set_aside,
        "journal_dropped_events": node.dropped,
    }


def _of_this_process(call: Call) -> dict[str, float]:
    stats = call.deps.recording()
    in_flight, streams = call.deps.load()
    return {
        "in_flight_requests": in_flight,
        "open_streams": streams,
        "journal_pending_events": stats.pending,
        "journal_bytes": stats.pending_bytes,
        "journal_lag_seconds": stats.lag_s,
        "journal_set_aside_events": stats.failed,
        "journal_dropped_events": stats.dropped,
    }


def _cache_gauges(cache: CacheReport) -> dict[str, float]:
    answers, store = cache.answers, cache.store
    found = {
        "cache_hits": answers.hits,
        "cache_misses": answers.misses,
        "cache_shared": answers.shared,
        "cache_flights": answers.flights,
        "cache_rejected_entries": answers.rejected,
        "cache_faults": store.faults,
        "cache_entries": store.entries,
        "cache_bytes": store.size_bytes,
    }
    return {name: value for name, value in found.items() if value is not None}


def _limit_gauges(limiter: LimiterStats) -> dict[str, float]:
    return {
        "limits_admitted": limiter.admitted,
        "limits_refused": limiter.refused,
        "limits_decided_locally": limiter.local,
    }
