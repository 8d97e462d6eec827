"""What rate-limit headers say is left. Malformed values are ignored: a display must never spoil an answer."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from router_core.clock import Clock
from router_core.types import Headroom, ProviderCall

__all__ = ["HeadroomReader", "headroom_of"]

Fields = Iterable[tuple[bytes, bytes]]
READ_EVERY_S = 1.0
_MOST_PLACES = 10_000
_STEP = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_MOST = 10**12


class HeadroomReader:
    """Reads the headers of an upstream at most once a second, since every answer carries them."""

    __slots__ = ("_clock", "_due")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[tuple[object, ...], float] = {}

    def read(self, call: ProviderCall, fields: Fields) -> Headroom | None:
        """Return what ``fields`` say, None when they say nothing or were read a moment ago."""
        place = (call.provider.base_url, call.provider.model, call.key)
        now = self._clock.now()
        if now < self._due.get(place, -math.inf):
            return None
        if len(self._due) >= _MOST_PLACES:
            self._due.clear()
        self._due[place] = now + READ_EVERY_S
        return headroom_of(fields, self._clock.utcnow())


def headroom_of(fields: Fields, now: datetime) -> Headroom | None:
    """Return what OpenAI's or Anthropic's rate-limit headers say, None when there are none."""
    told: dict[str, str] = {}
    for raw_name, raw_value in fields:
        name = raw_name.lower()
        if name.startswith((b"x-ratelimit-", b"anthropic-ratelimit-")):
            told[name.decode("latin-1")] = raw_value.decode("latin-1")
    if not told:
        return None

    def of(what: str, kind: str) -> str | None:
        openai = told.get(f"x-ratelimit-{what}-{kind}")
        return openai if openai is not None else told.get(f"anthropic-ratelimit-{kind}-{what}")

    return Headroom(
        requests_limit=_count(of("limit", "requests")),
        requests_remaining=_count(of("remaining", "requests")),
        requests_reset_s=_seconds(of("reset", "requests"), now),
        tokens_limit=_count(of("limit", "tokens") or of("limit", "input-tokens")),
        tokens_remaining=_count(of("remaining", "tokens") or of("remaining", "input-tokens")),
        tokens_reset_s=_seconds(of("reset", "tokens") or of("reset", "input-tokens"), now),
    )


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and int(text[:20]) < _MOST else None


def _seconds(text: str | None, now: datetime) -> float | None:
    """Return the seconds in ``6m0s``, or until an RFC 3339 instant."""
    if text is None:
        return None
    steps = _STEP.findall(text)
    if steps and "".join(count + unit for count, unit in steps) == text:
        return sum(float(count) * _UNIT_S[unit] for count, unit in steps)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
