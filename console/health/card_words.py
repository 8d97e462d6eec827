"""What a provider's card says, as plain text: the one who draws it escapes it."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from console.format import DASH, count, duration, percent, span
from console.health.news import hold_words
from console.status import PHASE_WORDS, code_words
from router_core.types import SILENT_OUTCOMES, HealthReport, ProviderReport

__all__ = ["Fact", "breaker_line", "card_facts", "figures", "partners"]

LONGEST_ERROR = 60
NO_BREAK = "\u00a0"
MOST_KINDS = 3


class Fact(NamedTuple):
    """One line of a card; ``title`` is what a pointer that rests on it reads."""

    label: str
    value: str
    title: str = ""


def figures(each: ProviderReport) -> list[Fact]:
    """Return p50, p99, share of failed calls, and share of the last 24 hours that was good."""
    totals = each.totals
    failed = percent(totals.failures / totals.calls) if totals.calls else DASH
    return [
        Fact("p50", duration(totals.p50_ms), "Half of the calls were complete within this time"),
        Fact("p99", duration(totals.p99_ms), "99 of 100 calls were complete within this time"),
        Fact("err", failed, f"{totals.failures:,} of {totals.calls:,} calls failed"),
        Fact("up", percent(each.uptime_share), "Share of good signs in the last 24 hours, from calls and checks"),
    ]


def card_facts(each: ProviderReport, report: HealthReport) -> list[Fact]:
    """Return the lines of a card; every card has the same ones, in the same order."""
    return [
        Fact("Calls", _calls(each)),
        Fact("First token", _first_token(each), "Median and 95th percentile of the time to the first token"),
        Fact("In flight", _in_flight(each), "Calls under way, and how many are given to it at once now"),
        Fact("Requests left", *_left(each, report.as_of, "requests")),
        Fact("Tokens left", *_left(each, report.as_of, "tokens")),
        Fact("Errors", *_errors(each)),
        Fact("Last error", *_last_error(each)),
    ]


def breaker_line(each: ProviderReport, report: HealthReport, zone: ZoneInfo) -> Fact:
    """Return the breaker's state with what happens next; the label is the state, the title the exact time."""
    if each.upstream is None:
        return Fact("No key", "never called", "Without a key there is no breaker")
    breaker, now = each.upstream.breaker, report.as_of
    since = f"since {breaker.changed_at.astimezone(zone):%-d %b %H:%M:%S}"
    if breaker.forced is not None:
        reason = f": {breaker.forced.reason}" if breaker.forced.reason else ""
        return Fact(f"FORCED {breaker.forced.phase}", hold_words(breaker.forced, zone, now), f"{since}{reason}")
    label = f"Breaker {PHASE_WORDS[breaker.state].lower()}"
    if breaker.state == "OPEN":
        left = math.ceil(breaker.cooldown_remaining / 1000)
        return Fact(label, f"probe in {span(left)}" if left > 0 else "probe with the next call", since)
    if breaker.state == "HALF_OPEN":
        return Fact(label, "probing", since)
    if each.upstream.resting_ms > 0:
        left = math.ceil(each.upstream.resting_ms / 1000)
        return Fact(f"Rests {span(left)}", each.upstream.resting_reason, f"Breaker closed {since}")
    return Fact(label, span((now - breaker.changed_at).total_seconds()), since)


def partners(each: ProviderReport, report: HealthReport) -> Sequence[str]:
    """Return the other rows that lead to the same upstream, and so share its breaker."""
    if each.upstream is None:
        return ()
    return [
        other.provider
        for other in report.providers
        if other.upstream is not None and other.upstream.id == each.upstream.id and other.provider != each.provider
    ]


def _calls(each: ProviderReport) -> str:
    return count(each.totals.calls) if each.totals.calls else "none"


def _first_token(each: ProviderReport) -> str:
    totals = each.totals
    if totals.first_token_p50_ms is None:
        return DASH
    return f"p50 {duration(totals.first_token_p50_ms)} · p95 {duration(totals.first_token_p95_ms)}"


def _in_flight(each: ProviderReport) -> str:
    return DASH if each.upstream is None else f"{each.upstream.in_flight} of {count(each.upstream.limit)}"


def _left(each: ProviderReport, now: datetime, what: str) -> tuple[str, str]:
    headroom = None if each.upstream is None else each.upstream.headroom
    remaining = getattr(headroom, f"{what}_remaining", None)
    if each.upstream is None or remaining is None:
        return "not told", "The provider's answers name no such limit"
    limit, reset = getattr(headroom, f"{what}_limit"), getattr(headroom, f"{what}_reset_s")
    of = f" of {count(limit)}" if limit is not None else ""
    told = each.upstream.headroom_at
    age = 0.0 if told is None else (now - told).total_seconds()
    full = f" · full in {span(math.ceil(reset - age))}" if reset is not None and reset > age else ""
    return f"{count(remaining)}{of}{full}", f"As the provider's last answer said, {span(max(age, 1))} ago"


def _errors(each: ProviderReport) -> tuple[str, str]:
    ranked = sorted(each.totals.errors.items(), key=lambda pair: (-pair[1], pair[0]))
    if not ranked:
        return "none", ""
    shown = [f"{code_words(code)}{NO_BREAK}{count(number)}" for code, number in ranked[:MOST_KINDS]]
    more = len(ranked) - MOST_KINDS
    title = ", ".join(
        f"{code} {number}{' (does not count against it)' if code in SILENT_OUTCOMES else ''}" for code, number in ranked
    )
    return ", ".join(shown) + (f", {more} more" if more > 0 else ""), title


def _last_error(each: ProviderReport) -> tuple[str, str]:
    if not each.last_error:
        return "none", ""
    text = " ".join(each.last_error.split())
    return text if len(text) <= LONGEST_ERROR else f"{text[: LONGEST_ERROR - 1]}…", text
