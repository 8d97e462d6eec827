"""Numbers, money and times as people read them: always a unit, one rounding, a narrow no-break space between."""

import math
import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from router_core.types import NANO_PER_USD, NanoUSD

__all__ = [
    "ago",
    "clock_time",
    "count",
    "duration",
    "literal",
    "moment",
    "money",
    "percent",
    "prose",
    "span",
    "zone_of",
]

THIN = "\u202f"
DASH = "\u2013"
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|$~:])")
# What Markdown turns into a link or a picture by itself, even when escaped: addresses of the web and of people, icons.
_LINK = re.compile(r"(?<=https)(?=://)|(?<=http)(?=://)|(?<=www)(?=\.)|(?=@)|(?<=:)(?=material/)", re.IGNORECASE)
WORD_JOINER = "\u2060"
_CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)


def duration(milliseconds: float | None) -> str:
    """Return ``742 ms``, ``1.08 s`` or ``2.5 min``; a dash for None."""
    if milliseconds is None:
        return DASH
    if milliseconds < 10:
        return f"{milliseconds:.1f}{THIN}ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f}{THIN}ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.{2 if seconds < 10 else 1}f}{THIN}s"
    return f"{seconds / 60:.1f}{THIN}min"


def percent(share: float | None) -> str:
    """Return a share of 1 as ``98.62 %``; a dash for None. Only a true whole is shown as ``100 %``."""
    if share is None:
        return DASH
    if share in (0, 1):
        return f"{share * 100:.0f}{THIN}%"
    return f"{min(share * 100, 99.99):.{1 if share < 0.1 else 2}f}{THIN}%"


def count(number: float) -> str:
    """Return ``812``, ``12.4k`` or ``3.1M``."""
    for limit, divisor, suffix in ((9_999.5, 1, ""), (999_950, 1_000, "k"), (999_950_000, 1_000_000, "M")):
        if abs(number) < limit:
            return f"{number:,.0f}" if divisor == 1 else f"{number / divisor:.1f}{suffix}"
    return f"{number / 1_000_000_000:.1f}B"


def money(nano: NanoUSD | None) -> str:
    """Return ``$12.34``, four decimals below a dollar, three digits when tiny; ``unpriced`` for None."""
    if nano is None:
        return "unpriced"
    dollars = nano / NANO_PER_USD
    if nano == 0 or abs(dollars) >= 1:
        return f"${dollars:,.2f}"
    if abs(dollars) >= 0.001:
        return f"${dollars:.4f}"
    decimals = min(9, 2 - math.floor(math.log10(abs(dollars))))
    return f"${dollars:.{decimals}f}".rstrip("0")


def ago(seconds: float) -> str:
    """Return ``just now``, ``12 s ago``, ``3 min ago``, ``5 h ago`` or ``2 d ago``."""
    if seconds < 2:
        return "just now"
    for limit, divisor, unit in ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // divisor)}{THIN}{unit} ago"
    return f"{int(seconds // 86_400)}{THIN}d ago"


def span(seconds: float) -> str:
    """Return ``17 s``, ``3 min``, ``5 h`` or ``2 d``: how long something lasts; what is left is never shown as 0."""
    for limit, divisor, unit in ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h")):
        if seconds < limit:
            return f"{max(1, int(seconds // divisor))}{THIN}{unit}"
    return f"{int(seconds // 86_400)}{THIN}d"


def zone_of(name: object) -> ZoneInfo:
    """Return the zone that a browser named, UTC when it named none that is known."""
    try:
        return ZoneInfo(name) if isinstance(name, str) else ZoneInfo("UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def clock_time(moment: datetime, zone: ZoneInfo) -> str:
    """Return ``12:03:04`` in ``zone``."""
    return moment.astimezone(zone).strftime("%H:%M:%S")


def moment(when: datetime, zone: ZoneInfo, now: datetime, *, seconds: bool = False) -> str:
    """Return ``14:05`` in ``zone``, ``24 Nov 14:05`` when that is another day than ``now``."""
    local = when.astimezone(zone)
    is_today = local.date() == now.astimezone(zone).date()
    time = "%H:%M:%S" if seconds else "%H:%M"
    return local.strftime(time if is_today else f"%-d %b {time}")


def literal(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it is, on one line, without links."""
    return _MARKUP.sub(r"\\\1", _LINK.sub(WORD_JOINER, " ".join(text.split())))


def prose(text: str) -> str:
    """Return a model's Markdown with its dollar signs kept from turning into formulas; code stays untouched."""
    parts = _CODE.split(text)
    return "".join(part if index % 2 else part.replace("$", r"\$") for index, part in enumerate(parts))
