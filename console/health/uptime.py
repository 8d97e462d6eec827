"""Twenty-four hours of a provider as 48 ticks: tall is bad, so that it can be read without its colours."""

from html import escape
from typing import Literal
from zoneinfo import ZoneInfo

from console.format import percent
from console.palette import PaintName, paint
from router_core.types import ProviderReport, UptimeTick

__all__ = ["uptime_strip"]

TickWord = Literal["up", "shaky", "down", "unknown"]
COLOURS: dict[TickWord, PaintName] = {"up": "green", "shaky": "orange", "down": "red", "unknown": "gray"}
HEIGHTS: dict[TickWord, int] = {"up": 66, "shaky": 84, "down": 100, "unknown": 24}
OPACITY: dict[TickWord, float] = {"up": 0.62, "shaky": 1, "down": 1, "unknown": 0.45}
DOWN_SHARE = 0.5


def uptime_strip(each: ProviderReport, zone: ZoneInfo) -> str:
    """Return the strip as HTML; a pointer that rests on a tick reads its figures, a screen reader the summary."""
    words = [tick_word(tick) for tick in each.uptime]
    bars = "".join(_bar(tick, word, zone) for tick, word in zip(each.uptime, words, strict=True))
    return (
        f'<div role="img" aria-label="{escape(_summary(each, words))}" '
        f'style="display:flex;gap:2px;height:18px;align-items:flex-end">{bars}</div>'
    )


def tick_word(tick: UptimeTick) -> TickWord:
    """Return how half an hour was: shaky when something failed, down when at least half of it did."""
    if not tick.good and not tick.bad:
        return "unknown"
    if not tick.bad:
        return "up"
    return "down" if tick.bad / (tick.good + tick.bad) >= DOWN_SHARE else "shaky"


def _bar(tick: UptimeTick, word: TickWord, zone: ZoneInfo) -> str:
    told = "nothing known" if word == "unknown" else f"{tick.good:,} good, {tick.bad:,} bad"
    return (
        f'<div title="{tick.start.astimezone(zone):%H:%M} {told}" style="flex:1;border-radius:1px;'
        f'height:{HEIGHTS[word]}%;background:{paint(COLOURS[word])};opacity:{OPACITY[word]}"></div>'
    )


def _summary(each: ProviderReport, words: list[TickWord]) -> str:
    shaky, down, unknown = (words.count(word) for word in ("shaky", "down", "unknown"))
    return (
        f"Last 24 hours of {each.provider}: up {percent(each.uptime_share)}; of {len(words)} half hours "
        f"{down} down, {shaky} with failures, {unknown} without any sign"
    )
