"""The desk of API keys in memory."""

from collections.abc import Callable

from router_core.admin.action_trail import ActionTrail
from router_core.admin.key_desk import KeyDesk, KeyDeskParts
from router_core.api.app import KEY_ROUTES
from router_core.clock import Clock
from router_core.ports import ConfigSource
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore

__all__ = ["PEPPER", "key_desk"]

PEPPER = b"pepper-for-tests-0123456789"


def key_desk(
    keys: MemoryApiKeyStore,
    accounts: MemoryAccountStore,
    config: ConfigSource,
    trail: ActionTrail,
    clock: Clock,
    forget: Callable[[str], None],
) -> KeyDesk:
    """Return the facade over ``keys``, which can be limited to the API's own paths and what ``config`` knows."""
    parts = KeyDeskParts(
        keys=keys, lives=keys, accounts=accounts, config=config, routes=KEY_ROUTES, pepper=PEPPER, trail=trail,
        forget=forget, clock=clock,
    )  # fmt: skip
    return KeyDesk(parts)
