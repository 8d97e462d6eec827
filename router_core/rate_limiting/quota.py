"""What a caller is told of its limits."""

from collections.abc import Sequence

from msgspec import Struct

from router_core.types import Bucket

__all__ = ["QuotaLine", "QuotaSlip"]


class QuotaLine(Struct, frozen=True):
    """One bucket of the caller's: what is ``left`` in it, and the seconds after which the request that it refused fits.

    ``wait`` is 0 where it refused nothing.
    """

    bucket: Bucket
    left: float
    wait: float


class QuotaSlip:
    """Filled in while a request is admitted; empty for one that nothing limits."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: Sequence[QuotaLine] = ()
