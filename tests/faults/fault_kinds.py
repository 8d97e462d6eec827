"""The faults that the primary provider suffers, how each is brought about, and what it may cost a client."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["FAULTS", "FaultKind"]


@dataclass(frozen=True)
class FaultKind:
    """``spoils`` are the simulator's faults, none for a killed process. ``rest_s`` is the ``Retry-After`` it sends.

    ``cuts`` says that streams may break off after their first token. ``hangs`` says that a call is over only when
    its attempt's limit is. ``healthy`` says that the answers are right all the same, so that nobody need fail over.
    """

    name: str
    spoils: tuple[Mapping[str, Any], ...] = ()
    cuts: bool = False
    hangs: bool = False
    rest_s: float = 0.0
    healthy: bool = False


REST_S = 2.0
_GARBAGE = ("html", "text", "binary", "list", "no_choices", "empty")

FAULTS = (
    FaultKind("killed"),
    FaultKind("hanging", ({"silent_after": 0},), hangs=True),
    FaultKind("flapping", ({"status": 500, "probability": 0.5},)),
    FaultKind("error 500", ({"status": 500},)),
    FaultKind("error 429", ({"status": 429, "headers": {"retry-after": f"{REST_S:g}"}},), rest_s=REST_S),
    # The first fault that matches is suffered, so each share is one of what the earlier ones left over.
    FaultKind(
        "garbage",
        tuple({"garbage": kind, "probability": 1 / (len(_GARBAGE) - place)} for place, kind in enumerate(_GARBAGE)),
    ),
    FaultKind("1-byte slices", ({"slice_bytes": 1},), healthy=True),
    FaultKind("reset", ({"stream": True, "cut_after": 6}, {"cut_after": 1}), cuts=True),
)
