"""What is wrong, and what happens now: one banner for each tone, worst first."""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from console.format import THIN, duration, literal, moment, span
from console.status import CAUSE_WORDS, FAULT_CLAUSES, PROVIDER_CLAUSES
from router_core.types import BreakerTransition, DrillOrder, DrillReport, Force, HealthReport, ProviderReport

__all__ = ["Notice", "Tone", "bold", "drill_sentence", "fault_clause", "hold_words", "instead", "news", "seconds_left"]

Tone = Literal["down", "care", "drill"]
TONES: tuple[Tone, ...] = ("down", "care", "drill")


class Notice(NamedTuple):
    """One banner; ``text`` is Markdown, one line for each thing to know."""

    tone: Tone
    text: str


def news(report: HealthReport, zone: ZoneInfo) -> list[Notice]:
    """Return what needs to be known now; nothing when all is well. Times are in ``zone``."""
    found = [*_provider_news(report, zone), *_drill_news(report)]
    return [
        Notice(tone, "  \n".join(text for each, text in found if each == tone))
        for tone in TONES
        if any(each == tone for each, _ in found)
    ]


def bold(name: str) -> str:
    """Return ``name`` as it is, in bold."""
    return f"**{literal(name)}**"


def hold_words(force: Force, zone: ZoneInfo, now: datetime) -> str:
    """Return ``by ada@example.com until 14:05``."""
    end = "until it is reset" if force.until is None else f"until {moment(force.until, zone, now)}"
    return f"by {force.actor} {end}"


def seconds_left(until: datetime, now: datetime) -> int:
    """Return the whole seconds until ``until``, at least 1."""
    return max(1, math.ceil((until - now).total_seconds()))


def _provider_news(report: HealthReport, zone: ZoneInfo) -> Iterator[tuple[Tone, str]]:
    for each in report.providers:
        if each.word == "disabled":
            continue
        force = None if each.upstream is None else each.upstream.breaker.forced
        if force is not None:
            yield _held(each, force, report, zone)
        elif each.word == "down":
            yield "down", _down(each, report)
        elif each.upstream is not None and each.upstream.resting_ms > 0:
            yield "care", _resting(each, each.upstream.resting_ms, each.upstream.resting_reason)
        elif each.word == "recovering":
            yield "care", f"{bold(each.provider)} {PROVIDER_CLAUSES['recovering']}{_meanwhile(each)}."
        elif each.word == "failing":
            yield "care", f"{bold(each.provider)} {PROVIDER_CLAUSES['failing']}{_last_error(each)}."


def _held(each: ProviderReport, force: Force, report: HealthReport, zone: ZoneInfo) -> tuple[Tone, str]:
    by = literal(hold_words(force, zone, report.as_of))
    why = f" ({literal(force.reason)})" if force.reason else ""
    if force.phase == "OPEN":
        return "down", f"{bold(each.provider)} is forced open {by}{why}: {instead(each)}."
    return "care", f"{bold(each.provider)} is forced closed {by}{why}: failures do not open its breaker."


def _down(each: ProviderReport, report: HealthReport) -> str:
    head = f"{bold(each.provider)} {PROVIDER_CLAUSES['down']}"
    if each.upstream is None:
        return f"{head}: it has no key; {instead(each)}."
    breaker = each.upstream.breaker
    if breaker.state != "OPEN":
        cause = f"{each.upstream.resting_reason}, " if each.upstream.resting_reason else ""
        return f"{head}{_last_error(each)}: {literal(cause)}{instead(each)}."
    probe = f" Next probe in {span(math.ceil(breaker.cooldown_remaining / 1000))}."
    return f"{head}: breaker open{_opened_by(each.upstream.id, report)}; {instead(each)}.{probe}"


def _opened_by(upstream: str, report: HealthReport) -> str:
    opening: BreakerTransition | None = next((each for each in report.transitions if each.upstream == upstream), None)
    if opening is None or opening.after != "OPEN":
        return ""
    if opening.cause == "probe_failed":
        return ", the last probe failed"
    return f" after {literal(opening.detail or CAUSE_WORDS[opening.cause].lower())}"


def _resting(each: ProviderReport, resting_ms: int, reason: str) -> str:
    why = f" ({literal(reason)})" if reason else ""
    return f"{bold(each.provider)} rests for {span(math.ceil(resting_ms / 1000))}{why}{_meanwhile(each)}."


def _last_error(each: ProviderReport) -> str:
    return f" ({literal(each.last_error.rstrip('.'))})" if each.last_error else ""


def instead(each: ProviderReport) -> str:
    """Return who serves in the place of ``each``, and which use cases nobody else serves."""
    lost = f"no other provider serves {' and '.join(map(literal, each.stranded))}"
    if each.takes_over is None:
        return lost if each.stranded else "no other provider stands in"
    serves = f"{bold(each.takes_over)} serves instead"
    return f"{serves}, but {lost}" if each.stranded else serves


def _meanwhile(each: ProviderReport) -> str:
    return "" if each.takes_over is None else f"; {bold(each.takes_over)} serves meanwhile"


def _drill_news(report: HealthReport) -> Iterator[tuple[Tone, str]]:
    for each in report.drills:
        if each.active:
            yield "drill", drill_sentence(each, report.as_of)


def drill_sentence(report: DrillReport, now: datetime) -> str:
    """Return what a running drill does, in Markdown."""
    order = report.drill.order
    left = span(seconds_left(report.drill.ends_at, now))
    return (
        f"Drill on {bold(order.provider)}: {order.percent:g}{THIN}% of its calls {fault_clause(order)}, on purpose, "
        f"for {left} more. Started by {literal(report.drill.actor)}."
    )


def fault_clause(order: DrillOrder) -> str:
    """Return what the calls that a drill hits do."""
    late = f" after {duration(order.delay_s * 1000)}" if order.fault == "slow_first_token" else ""
    return FAULT_CLAUSES[order.fault] + late
