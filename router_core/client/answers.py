"""What the headers of an answer say beside its body."""

import re
from collections.abc import Iterator, Mapping
from typing import get_args

from msgspec import Struct

from router_core.types import CacheOutcome

__all__ = ["AnswerFacts", "LimitState", "facts_of", "seconds_to_wait"]

# An item of a structured list, such as "account-tokens";q=1000;qu="tokens";w=60.
_ITEM = re.compile(r'"([^"]+)"((?:;[a-z]+=(?:"[^"]*"|\d+))*)')
_PARAMETER = re.compile(r';([a-z]+)=(?:"([^"]*)"|(\d+))')
_MOST_DIGITS = 9
_OUTCOMES: Mapping[str, CacheOutcome] = {each: each for each in get_args(CacheOutcome)}


class LimitState(Struct, frozen=True, kw_only=True):
    """A limit and how it stands: ``left`` of ``quota``, which comes back within ``window_s`` seconds.

    ``unit`` is ``requests``, ``tokens`` or ``concurrent-requests``. In ``more_in_s`` seconds there is more. What the
    router did not say is None.
    """

    name: str
    unit: str = "requests"
    quota: int | None = None
    window_s: int | None = None
    left: int | None = None
    more_in_s: int | None = None


class AnswerFacts(Struct, frozen=True, kw_only=True):
    """What is known of an answer beside what it says.

    ``attempts`` counts how often this client asked. ``cache`` is what the router's cache had, None when it was not
    asked. ``replayed`` says that an earlier answer to the same ``Idempotency-Key`` came again, at no cost.
    """

    request_id: str
    attempts: int = 1
    limits: tuple[LimitState, ...] = ()
    cache: CacheOutcome | None = None
    replayed: bool = False


def facts_of(headers: Mapping[str, str], attempts: int) -> AnswerFacts:
    """Return what ``headers`` say; what cannot be read is left out."""
    return AnswerFacts(
        request_id=headers.get("x-request-id", ""),
        attempts=attempts,
        limits=tuple(_limits(headers)),
        cache=_OUTCOMES.get(headers.get("x-signalbox-cache", "")),
        replayed=headers.get("idempotent-replayed", "") == "true",
    )


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``Retry-After``, None where there is none or it is no plain number."""
    given = headers.get("retry-after", "").strip()
    return float(given) if given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS else None


def _limits(headers: Mapping[str, str]) -> Iterator[LimitState]:
    policies = dict(_items(headers.get("ratelimit-policy", "")))
    states = dict(_items(headers.get("ratelimit", "")))
    for name in {**policies, **states}:
        policy, state = policies.get(name, {}), states.get(name, {})
        yield LimitState(
            name=name,
            unit=policy.get("qu", "requests"),
            quota=_whole(policy.get("q")),
            window_s=_whole(policy.get("w")),
            left=_whole(state.get("r")),
            more_in_s=_whole(state.get("t")),
        )


def _items(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    for item in _ITEM.finditer(header):
        yield item[1], {found[1]: found[2] or found[3] or "" for found in _PARAMETER.finditer(item[2])}


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
