"""Which provider key goes where: a key of the environment is never sent to a host that it was not meant for."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from router_core.configuration.upstream_rule import VENDOR_HOSTS, UpstreamRule
from router_core.types import ProviderConfig, ProviderKind, Secret
from signalbox.settings import Settings

__all__ = ["EnvironmentKeys", "base_urls", "environment_keys", "upstream_rule"]


class EnvironmentKeys:
    """The environment's keys, for global providers on the vendor's own host or the one that overrides it."""

    __slots__ = ("_keys", "_overrides")

    def __init__(self, keys: Mapping[ProviderKind, Secret], overrides: Mapping[ProviderKind, str]) -> None:
        self._keys = dict(keys)
        self._overrides = dict(overrides)

    def key_for(self, provider: ProviderConfig) -> Secret | None:
        """Return the key to use for ``provider``, None when there is none that may go to its host."""
        if provider.account_id is not None or not self._meant_for(provider):
            return None
        return self._keys.get(provider.kind)

    def _meant_for(self, provider: ProviderConfig) -> bool:
        override = self._overrides.get(provider.kind)
        if provider.base_url is None or provider.base_url.rstrip("/") == override:
            return True
        parts = urlsplit(provider.base_url)
        return parts.scheme == "https" and parts.netloc.lower() == VENDOR_HOSTS[provider.kind]


def environment_keys(settings: Settings) -> EnvironmentKeys:
    """Return the keys that ``settings`` hold."""
    keys: dict[ProviderKind, Secret | None] = {
        "openai": settings.openai_api_key,
        "anthropic": settings.anthropic_api_key,
    }
    return EnvironmentKeys({kind: key for kind, key in keys.items() if key is not None}, base_urls(settings))


def base_urls(settings: Settings) -> dict[ProviderKind, str]:
    """Return the upstream overrides by kind."""
    urls: dict[ProviderKind, str | None] = {
        "openai": settings.openai_base_url,
        "anthropic": settings.anthropic_base_url,
    }
    return {kind: url for kind, url in urls.items() if url is not None}


def upstream_rule(settings: Settings) -> UpstreamRule:
    """Return where providers may be, as the environment says."""
    return UpstreamRule(allowed=settings.allowed_upstreams, trusted=base_urls(settings))
