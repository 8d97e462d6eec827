"""Tables of requests, as rows that a data frame takes."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from console.format import DASH, count, duration, money
from console.status import event_mark
from router_core.types import RequestEvent

__all__ = ["request_rows", "why"]


def request_rows(events: tuple[RequestEvent, ...], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return one row for each event, with units in the values; times are in ``zone``."""
    return [_row(event, zone) for event in events]


def why(event: RequestEvent) -> str:
    """Return in one line why ``event`` went where it went."""
    if event.cached:
        return "Answered from the cache"
    failed = [attempt for attempt in event.decision.attempts if attempt.outcome not in ("success", "cancelled")]
    reason = next(
        (each.reason for each in event.decision.considered if each.kept and each.provider == event.provider), ""
    )
    if failed and event.status == "success":
        return f"Failed over from {failed[0].provider} ({failed[0].outcome}); {reason}"
    if event.status == "error" and not event.decision.attempts:
        return next((each.reason for each in event.decision.considered if not each.kept), "Refused before any call")
    if failed and event.status == "error":
        return f"{len(failed)} failed attempts, last: {failed[-1].outcome}" if len(failed) > 1 else failed[0].outcome
    return reason or DASH


def _row(event: RequestEvent, zone: ZoneInfo) -> dict[str, Any]:
    moment: datetime = event.timestamp.astimezone(zone)
    return {
        "Time": moment.strftime("%H:%M:%S"),
        "Outcome": [event_mark(event).word],
        "Use case": event.use_case,
        "Provider": event.provider or DASH,
        "Model": event.model or DASH,
        "Why": why(event),
        "First token": duration(event.first_token_ms),
        "Latency": duration(event.latency_ms),
        "Tokens": count(event.usage.total_tokens),
        "Cost": money(event.cost) if event.status != "error" or event.cost else DASH,
    }
