"""The in-memory twin of the reader of spending: it adds up the requests that it is told of."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from router_core.ports import SpendBy, SpendHour
from router_core.types import RequestEvent

__all__ = ["MemorySpending", "name_of"]


class MemorySpending:
    """A :class:`Recorder` of requests and a :class:`SpendReader` of them."""

    def __init__(self) -> None:
        self._events: list[RequestEvent] = []

    def record(self, event: RequestEvent) -> None:
        """Take ``event``."""
        self._events.append(event)

    async def hourly(
        self, by: SpendBy, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[SpendHour]:
        """Return each hour that begins in the range, of ``accounts`` or of everybody, oldest first."""
        hours: dict[tuple[datetime, str], list[RequestEvent]] = defaultdict(list)
        for event in self._events:
            hour = event.timestamp.replace(minute=0, second=0, microsecond=0)
            if since <= hour < until and (accounts is None or (event.account_id or "") in accounts):
                hours[hour, name_of(event, by)].append(event)
        return [
            SpendHour(
                hour=hour,
                name=name,
                requests=len(events),
                tokens=sum(each.usage.total_tokens for each in events),
                cost=sum(each.cost or 0 for each in events),
                unpriced=sum(each.cost is None for each in events),
            )
            for (hour, name), events in sorted(hours.items())
        ]


def name_of(event: RequestEvent, by: SpendBy) -> str:
    """Return what ``event`` is named by, empty where it has none of that kind."""
    match by:
        case "account":
            return event.account_id or ""
        case "key":
            return event.principal.id if event.principal.kind == "key" else ""
        case "use_case":
            return event.use_case
        case "provider":
            return event.provider or ""
        case "model":
            return event.model or ""
