"""Keys that never change, for programs that embed the router: the in-memory :class:`KeySource`."""

from collections.abc import Mapping, Sequence

from router_core.types import ProviderConfig, ProviderKind, Secret, UsableKey

__all__ = ["FixedKeys"]


class FixedKeys:
    """One key for each vendor, for the vendor's own host alone: a row with a base URL of its own has none."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Mapping[ProviderKind, Secret]) -> None:
        self._keys = {kind: (UsableKey(key),) for kind, key in keys.items() if key}

    def keys_for(self, provider: ProviderConfig) -> Sequence[UsableKey]:
        """Return the key of the vendor of ``provider``, nothing where there is none."""
        return () if provider.base_url is not None else self._keys.get(provider.kind, ())
