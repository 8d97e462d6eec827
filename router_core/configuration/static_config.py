"""A configuration that nobody follows anywhere."""

from collections.abc import Iterable

from router_core.types import ProviderConfig, Snapshot

__all__ = ["StaticConfig"]


class StaticConfig:
    """The in-memory twin of the configuration source: one snapshot until another is put in."""

    __slots__ = ("_snapshot",)

    def __init__(self, providers: Iterable[ProviderConfig] | Snapshot) -> None:
        self._snapshot = providers if isinstance(providers, Snapshot) else Snapshot(providers)

    def snapshot(self) -> Snapshot:
        """Return the snapshot in force."""
        return self._snapshot

    def replace(self, snapshot: Snapshot) -> None:
        """Put ``snapshot`` in force for the requests that follow."""
        self._snapshot = snapshot
