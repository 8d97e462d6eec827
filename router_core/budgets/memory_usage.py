"""The in-memory twin of the reader of usage: it adds up the requests that it is told of."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from router_core.budgets.memory_spending import name_of
from router_core.ports import MarkedHour, ModelHour, SpendHour, UsageBy
from router_core.types import RequestEvent, Usage, added

__all__ = ["MemoryUsage"]

NOTHING = Usage()


class MemoryUsage:
    """A :class:`Recorder` of requests and a :class:`UsageReader` of them."""

    def __init__(self) -> None:
        self._events: dict[str, RequestEvent] = {}

    def record(self, event: RequestEvent) -> None:
        """Take ``event``; one that comes again counts once."""
        self._events[event.id] = event

    async def model_hours(
        self, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[ModelHour]:
        """Return each hour that begins in the range, by model, oldest first."""
        return [
            ModelHour(
                hour=hour,
                model=model,
                requests=len(events),
                errors=sum(each.status in ("error", "unknown") for each in events),
                cached=sum(each.cached for each in events),
                usage=_summed(events),
                cost=sum(each.cost or 0 for each in events),
                unpriced=sum(each.cost is None for each in events),
            )
            for (hour, model), events in self._grouped("model", since, until, accounts)
        ]

    async def marked_hours(
        self, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[MarkedHour]:
        """Return the hours of the range with estimated or cached requests, oldest first."""
        return [
            MarkedHour(
                hour=hour,
                model=model,
                estimated=sum(each.estimated for each in events),
                cached_usage=_summed([each for each in events if each.cached]),
            )
            for (hour, model), events in self._grouped("model", since, until, accounts)
            if any(each.estimated or each.cached for each in events)
        ]

    async def dearest(
        self, by: UsageBy, since: datetime, until: datetime, accounts: Sequence[str] | None, limit: int
    ) -> Sequence[str]:
        """Return the names that used anything in the range, most spending first, at most ``limit`` of them."""
        sums: dict[str, int] = defaultdict(int)
        for (_, name), events in self._grouped(by, since, until, accounts):
            sums[name] += sum(each.cost or 0 for each in events)
        return sorted(sums, key=lambda name: (-sums[name], name))[:limit]

    async def hours_of(
        self, by: UsageBy, names: Sequence[str], since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[SpendHour]:
        """Return each hour that begins in the range, of ``names`` alone, oldest first."""
        return [
            SpendHour(
                hour=hour,
                name=name,
                requests=len(events),
                tokens=_summed(events).total_tokens,
                cost=sum(each.cost or 0 for each in events),
                unpriced=sum(each.cost is None for each in events),
            )
            for (hour, name), events in self._grouped(by, since, until, accounts)
            if name in names
        ]

    def _grouped(
        self, by: UsageBy, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Iterator[tuple[tuple[datetime, str], list[RequestEvent]]]:
        hours: dict[tuple[datetime, str], list[RequestEvent]] = defaultdict(list)
        for event in self._events.values():
            hour = event.timestamp.replace(minute=0, second=0, microsecond=0)
            if since <= hour < until and (accounts is None or (event.account_id or "") in accounts):
                hours[hour, "" if by == "installation" else name_of(event, by)].append(event)
        yield from sorted(hours.items())


def _summed(events: Sequence[RequestEvent]) -> Usage:
    usage = NOTHING
    for each in events:
        usage = added(usage, each.usage)
    return Usage(
        input_tokens=usage.input_tokens, cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens, cache_write_1h_tokens=usage.cache_write_1h_tokens,
        output_tokens=usage.output_tokens, reasoning_tokens=usage.reasoning_tokens,
    )  # fmt: skip
