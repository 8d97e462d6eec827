"""What calls are kept apart by: one vendor, one credential, one model family."""

import re
from datetime import datetime

from msgspec import Struct

from router_core.types.breaker import BreakerState
from router_core.types.config import ProviderKind

__all__ = ["Headroom", "Load", "Pace", "UpstreamKey", "UpstreamState", "model_family"]

# A dated snapshot of a model: -2024-08-06, -20251001, -latest.
_SNAPSHOT = re.compile(r"(?:-\d{4}-\d{2}-\d{2}|-20\d{6}|-latest)$")


def model_family(model: str) -> str:
    """Return ``model`` without its snapshot date: what vendors count rate limits by."""
    return _SNAPSHOT.sub("", model)


class UpstreamKey(Struct, frozen=True):
    """``credential`` is a fingerprint of host and key: the same in every process, of no use to anyone else."""

    kind: ProviderKind
    credential: str
    family: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.credential}:{self.family}"


class Load(Struct, frozen=True):
    """How many calls this process has in flight, of how many that may be."""

    in_flight: int
    limit: int


class Pace(Struct, frozen=True):
    """The median of the newest first-token times of one upstream, in seconds, and how many ``samples`` that are."""

    seconds: float
    samples: int


class Headroom(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a vendor's rate-limit headers said: limits, what is left of them, and seconds until they are full again."""

    requests_limit: int | None = None
    requests_remaining: int | None = None
    requests_reset_s: float | None = None
    tokens_limit: int | None = None
    tokens_remaining: int | None = None
    tokens_reset_s: float | None = None


class UpstreamState(Struct, frozen=True, kw_only=True, rename="camel"):
    """A picture of one upstream. ``resting_ms`` is how long its credential still rests, 0 when it does not.

    ``limit`` is how many calls it is given at once, now; ``repeats`` and ``calls`` are those of the last ten seconds.
    """

    id: str
    family: str
    breaker: BreakerState
    resting_ms: int
    resting_reason: str
    in_flight: int
    limit: int
    calls: int
    repeats: int
    first_token_p95_ms: float | None
    headroom: Headroom | None
    headroom_at: datetime | None
