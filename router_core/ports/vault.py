"""Where wrapped keys are kept, and what is sealed under them."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from router_core.types.vault import SealedPlace, SealedRow, VaultRecord

__all__ = ["SealedRows", "VaultStore"]


class VaultStore(Protocol):
    """Keeps the one record of all keys, wrapped. Every change takes the place of the record before it."""

    async def load(self) -> VaultRecord | None:
        """Return the record, None before there is one."""
        ...

    async def generation(self) -> int:
        """Return the record's generation, 0 before there is one."""
        ...

    async def change(self, record: VaultRecord) -> bool:
        """Keep ``record`` if its generation is the next one; return whether it was.

        Raises :class:`KeyInUseError` when it retires a key under which something is sealed.
        """
        ...

    def hold(self) -> AbstractAsyncContextManager[None]:
        """Be the only one to rotate keys for a while; a process that is gone holds nothing.

        Raises :class:`RotationRunningError` at once when another does.
        """
        ...


class SealedRows(Protocol):
    """Reads and changes sealed secrets wherever they are kept, without knowing what they are for."""

    async def page(self, after: SealedPlace | None, limit: int, other_than: int | None = None) -> Sequence[SealedRow]:
        """Return at most ``limit`` rows behind ``after`` in the order of their places.

        With ``other_than`` only those under another version of the data key.
        """
        ...

    async def counts(self) -> Mapping[int, int]:
        """Return how many rows are under each version of the data key."""
        ...

    async def swap(self, old: SealedRow, new: SealedRow) -> bool:
        """Put ``new`` in the place of ``old``, if that is still there as it is; return whether it was."""
        ...

    async def settle(self) -> int:
        """Have everybody who keeps sealed secrets in memory read them again; return the configuration's revision."""
        ...
