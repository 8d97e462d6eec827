"""Where connections may go, and what judges it; loads no HTTP client."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from router_core.egress.fence import Fence

__all__ = ["Egress", "MayReach", "Names", "anywhere"]

# Says whether a host may be reached at a port, with TLS or without.
MayReach = Callable[[str, int, bool], bool]


class Names(Protocol):
    """Looks hosts up, as aiohttp's resolvers do."""

    async def resolve(self, host: str, port: int = 0, family: Any = ...) -> Sequence[Any]:
        """Return what addresses ``host`` has."""
        ...

    async def close(self) -> None:
        """Let go of what the look-up holds."""
        ...


def anywhere(_host: str, _port: int, _is_tls: bool) -> bool:
    """Let every host be reached that the fence lets through."""
    return True


class Egress(Struct, frozen=True):
    """Where connections may go: to places that ``may_reach`` knows, at addresses that ``fence`` lets through.

    ``names`` looks hosts up, the system's resolver unless it is given.
    """

    fence: Fence
    may_reach: MayReach = anywhere
    names: Names | None = None
