"""When an attempt that failed is made again, and how much is done at once."""

from typing import Final

from msgspec import Struct

__all__ = ["DeliveryPolicy", "wait_after"]

SECOND, MINUTE, HOUR = 1.0, 60.0, 3600.0
JITTER: Final = 0.2


class DeliveryPolicy(Struct, frozen=True, kw_only=True):
    """Seconds. After attempt n the next one waits ``waits[n - 1]``, more or less; after the last it has failed.

    A claim lasts ``claim``, longer than any attempt (``longest``). ``at_once`` attempts are under way in a process at
    most, one over each channel; when nothing is due it looks again after ``look``.
    """

    waits: tuple[float, ...] = (10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR)
    longest: float = 30 * SECOND
    claim: float = 90 * SECOND
    at_once: int = 8
    look: float = SECOND


def wait_after(attempts: int, chance: float, policy: DeliveryPolicy) -> float | None:
    """Return the seconds to wait after so many attempts, None when there is none to come; ``chance`` is in [0, 1)."""
    if attempts > len(policy.waits):
        return None
    return policy.waits[max(0, attempts - 1)] * (1 - JITTER + 2 * JITTER * chance)
