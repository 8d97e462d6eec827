"""Hands out adapters, loads each SDK with its first one, and owns the connections of all."""

import asyncio
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from router_core.clock import Clock, SystemClock
from router_core.egress.fence import Fence
from router_core.egress.places import Egress
from router_core.errors.known_secrets import KnownSecrets
from router_core.ports import ProviderAdapter
from router_core.types import ProviderKind

if TYPE_CHECKING:
    from router_core.providers.sdk_adapter import SdkAdapter
    from router_core.providers.transport import ConnectionPool

__all__ = ["AdapterRegistry"]

_PLACES: Mapping[ProviderKind, tuple[str, str]] = {
    "openai": ("router_core.providers.openai", "OpenAIAdapter"),
    "anthropic": ("router_core.providers.anthropic", "AnthropicAdapter"),
}


class AdapterRegistry:
    """Implements ``AdapterSource``. Belongs to one event loop; close it there.

    ``base_urls`` names, for a kind, where rows without a base URL of their own go instead of the vendor's host.
    ``secrets`` are never shown in an error. ``egress`` says where connections may go; without it, to public addresses
    and to the hosts of ``base_urls``.
    ``max_response`` is the largest whole answer that is taken, in bytes; None for the pool's own limit.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        base_urls: Mapping[ProviderKind, str] | None = None,
        max_response: int | None = None,
        secrets: KnownSecrets | None = None,
        egress: Egress | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._base_urls = dict(base_urls or {})
        self._max_response = max_response
        self._egress = egress or Egress(Fence(urlsplit(each).hostname or "" for each in self._base_urls.values()))
        # Shared by all vendors: a text of one must not show a key of another.
        self._secrets = secrets if secrets is not None else KnownSecrets()
        self._adapters: dict[ProviderKind, SdkAdapter] = {}
        self._loading: dict[ProviderKind, asyncio.Task[SdkAdapter]] = {}
        self._pool: ConnectionPool | None = None

    async def adapter(self, kind: ProviderKind) -> ProviderAdapter:
        """Return the adapter for ``kind``; its first call loads the SDK in a thread, once however many wait."""
        found = self._adapters.get(kind)
        return found if found is not None else await self._load(kind)

    async def close(self) -> None:
        """Close all connections; calls in flight fail. A later call opens new ones."""
        for task in self._loading.values():
            task.cancel()
        pool, self._pool = self._pool, None
        self._adapters.clear()
        if pool is not None:
            await pool.close()

    async def _load(self, kind: ProviderKind) -> ProviderAdapter:
        task = self._loading.get(kind)
        if task is None:
            task = self._loading[kind] = asyncio.create_task(self._make(kind))
            task.add_done_callback(lambda _: self._loading.pop(kind, None))
        # A caller that gives up must not take the SDK away from the others.
        return await asyncio.shield(task)

    async def _make(self, kind: ProviderKind) -> "SdkAdapter":
        module_name, class_name = _PLACES[kind]
        module = await asyncio.to_thread(importlib.import_module, module_name)
        from router_core.providers.transport import MAX_RESPONSE_BYTES, ConnectionPool, FastClient

        if self._pool is None:
            self._pool = ConnectionPool(self._egress, max_response=self._max_response or MAX_RESPONSE_BYTES)
        base_url = self._base_urls.get(kind, module.DEFAULT_BASE_URL)
        made: SdkAdapter = getattr(module, class_name)(FastClient(self._pool), self._clock, base_url, self._secrets)
        self._adapters[kind] = made
        return made
