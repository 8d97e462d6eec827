"""``/metrics``: what Prometheus scrapes.

Counters come from the store alone, over all processes and for all time: whichever process is asked, they never go
back, neither at a reset of the metrics nor at a restart. Gauges bear the name of the process that they are of; what is
said of dependencies is of the process that answers.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from router_core.api.auth import authorize
from router_core.api.call import Call
from router_core.api.documents import read_query
from router_core.api.gauges import Gauges, read_gauges
from router_core.api.host import host_name
from router_core.errors import OverloadedError, UnauthorizedError
from router_core.metrics.latency_bins import LatencyBins, upper_ms
from router_core.metrics.live import Cell
from router_core.metrics.measures import COUNTS
from router_core.types import NANO_PER_USD, DependencyState, DependencyWord

__all__ = ["expose_metrics"]


MOST_SERIES: Final = 500
OTHER: Final = "other"
_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
_UP: Final[dict[DependencyWord, float]] = {"up": 1.0, "slow": 0.5, "down": 0.0}
_LABELS: Final = ("provider", "model", "use_case")
_BUCKETS_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_STATUSES: Final = {"success": "successes", "error": "errors", "cancelled": "cancelled", "unknown": "unknown"}
_TOKENS: Final = {
    "input": "input_tokens", "cache_read": "cache_read_tokens", "cache_write": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens", "output": "output_tokens", "reasoning": "reasoning_tokens",
}  # fmt: skip


async def expose_metrics(call: Call) -> None:
    """Answer in Prometheus' text format: to this machine freely, to others with an admin key."""
    if not _is_of_this_machine(call):
        await _require_admin(call)
    read_query(call, {})
    registry = CollectorRegistry()
    stands_on = call.deps.dependencies().dependencies
    registry.register(_Exposition(_bounded(await _counted(call)), await read_gauges(call), stands_on))
    body = generate_latest(registry)
    await call.start(200, ((b"content-type", _TYPE), (b"content-length", b"%d" % len(body))))
    await call.write(body, last=True)


async def _counted(call: Call) -> Sequence[Cell]:
    """Return what the store has counted; nothing while it cannot be read, when the gauges matter most."""
    try:
        return await call.deps.metrics.ever()
    except OverloadedError:
        return ()


class _Exposition(Collector):
    """One scrape."""

    def __init__(self, cells: Sequence[Cell], gauges: Gauges, dependencies: Sequence[DependencyState]) -> None:
        self._cells = cells
        self._gauges = gauges
        self._dependencies = dependencies

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        yield self._split("signalbox_requests", "Finished requests", "status", _STATUSES)
        yield self._split("signalbox_tokens", "Tokens by class", "class", _TOKENS)
        yield self._plain("signalbox_cached_answers", "Requests answered from the cache", "cached")
        yield self._plain("signalbox_retries", "Calls repeated at the same provider", "retries")
        yield self._plain("signalbox_failovers", "Calls to another provider", "failovers")
        yield self._plain("signalbox_unpriced_requests", "Requests whose cost is not known", "unpriced")
        yield self._plain("signalbox_cost_usd", "What requests cost", "cost", NANO_PER_USD)
        yield self._errors()
        yield self._histogram("signalbox_request_duration_seconds", "Latency of successes")
        yield self._histogram("signalbox_first_token_seconds", "First token of successes", first_token=True)
        for name, figures in self._gauges.items():
            words = f"{name.replace('_', ' ')}, by process".capitalize()
            family = GaugeMetricFamily(f"signalbox_{name}", words, labels=("node",))
            for node, value in figures.items():
                family.add_metric([node], value)
            yield family
        yield from self._stands_on()

    def _stands_on(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("signalbox_dependency_up", "1 up, 0.5 slow, 0 down", labels=["dependency"])
        failures = CounterMetricFamily("signalbox_dependency_failures", "Failures counted", labels=["dependency"])
        outages = CounterMetricFamily("signalbox_dependency_outages", "How often it went down", labels=["dependency"])
        for each in self._dependencies:
            up.add_metric([each.name], _UP[each.state])
            failures.add_metric([each.name], each.failures)
            outages.add_metric([each.name], each.outages)
        yield from (up, failures, outages)

    def _split(self, name: str, text: str, label: str, columns: dict[str, str]) -> Metric:
        family = CounterMetricFamily(name, text, labels=[*_LABELS, label])
        for cell in self._cells:
            for value, column in columns.items():
                count = cell.measures.counts[COUNTS.index(column)]
                if count:
                    family.add_metric([*_labels(cell), value], count)
        return family

    def _plain(self, name: str, text: str, column: str, divisor: int = 1) -> Metric:
        family = CounterMetricFamily(name, text, labels=_LABELS)
        for cell in self._cells:
            family.add_metric(_labels(cell), cell.measures.counts[COUNTS.index(column)] / divisor)
        return family

    def _errors(self) -> Metric:
        family = CounterMetricFamily("signalbox_errors", "Failed requests by error code", labels=[*_LABELS, "code"])
        for cell in self._cells:
            for code, count in sorted(cell.measures.errors_by_code.items()):
                family.add_metric([*_labels(cell), code], count)
        return family

    def _histogram(self, name: str, text: str, *, first_token: bool = False) -> Metric:
        family = HistogramMetricFamily(name, text, labels=_LABELS)
        for cell in self._cells:
            bins = cell.measures.first_token if first_token else cell.measures.latency
            if bins:
                total = None if first_token else cell.measures.counts[COUNTS.index("latency_us")] / 1e6
                family.add_metric(_labels(cell), _buckets(bins), total)
        return family


def _labels(cell: Cell) -> list[str]:
    return [cell.provider, cell.model, cell.use_case]


def _buckets(bins: LatencyBins) -> list[tuple[str, float]]:
    """Return cumulative counts; a bin belongs to the first bound that it lies below."""
    upper = sorted((upper_ms(key) / 1000, count) for key, count in bins.items())
    below = [(str(bound), float(sum(count for edge, count in upper if edge <= bound))) for bound in _BUCKETS_S]
    return [*below, ("+Inf", float(sum(bins.values())))]


def _bounded(cells: Sequence[Cell]) -> list[Cell]:
    """Keep the first 500 label sets, which stay the same; the rest is counted together."""
    kept, rest = list(cells[:MOST_SERIES]), cells[MOST_SERIES:]
    if rest:
        together = Cell(None, OTHER, OTHER, OTHER, rest[0].measures)
        for cell in rest[1:]:
            together.measures.merge(cell.measures)
        kept.append(together)
    return sorted(kept, key=_labels)


def _is_of_this_machine(call: Call) -> bool:
    """Say whether it is a program here that asks: not a proxy for others, nor a page that gave itself this address."""
    name = host_name(call.headers.get(b"host", b"localhost")).decode("latin-1")
    asks_here = name == "localhost" or _is_loopback(name)
    return asks_here and _is_loopback(call.address) and not call.scope.get("relayed", False)


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


async def _require_admin(call: Call) -> None:
    try:
        call.principal = await authorize(call, "metrics.read")
    except UnauthorizedError:
        raise UnauthorizedError("Metrics are open to this machine, to others with an admin key") from None
