"""Why a provider that fits cannot be used right now."""

from collections.abc import Callable

from msgspec import Struct

from router_core.errors import ProviderError
from router_core.types import ProviderConfig
from router_core.types.plan import DropCode

__all__ = ["Absence", "Availability"]


class Absence(Struct, frozen=True):
    """Why a fitting provider cannot be used right now; ``wait_ms`` is how long that lasts, when known.

    ``error`` is what made a provider rest.
    """

    code: DropCode
    reason: str
    wait_ms: int = 0
    error: ProviderError | None = None


Availability = Callable[[ProviderConfig], Absence | None]
