"""What a key of a provider is bound to."""

from urllib.parse import urlsplit

from router_core.types.config import ProviderConfig
from router_core.types.provider_key import ProviderKey

__all__ = ["is_at_home", "key_place"]

_PORTS = {"http": 80, "https": 443}


def key_place(provider: ProviderConfig) -> str:
    """Return what a key of ``provider`` is bound to: scheme, host and port of its base URL, else its vendor."""
    if provider.base_url is None:
        return provider.kind
    parts = urlsplit(provider.base_url)
    port = parts.port or _PORTS.get(parts.scheme)
    return f"{parts.scheme}://{(parts.hostname or '').rstrip('.')}:{port}"


def is_at_home(key: ProviderKey, provider: ProviderConfig) -> bool:
    """Say whether ``key`` was entered for the host and the account that ``provider`` names now."""
    return (key.secret.place, key.secret.account_id) == (key_place(provider), provider.account_id)
