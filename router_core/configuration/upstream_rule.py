"""Where a provider's base URL may lead: the vendor's own host, what the environment trusts, and what it allows."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from router_core.types import ProviderKind

__all__ = ["VENDOR_HOSTS", "UpstreamRule"]

VENDOR_HOSTS: Final[Mapping[ProviderKind, str]] = MappingProxyType(
    {"openai": "api.openai.com", "anthropic": "api.anthropic.com"}
)
HTTPS_PORT: Final = 443
_NONE: Final[Mapping[ProviderKind, str]] = MappingProxyType({})
_NO_URL: Final = "must be an http:// or https:// URL with a host"
_URL: Final = re.compile(r"[!-~]{1,500}")


class UpstreamRule(Struct, frozen=True, kw_only=True):
    """``allowed`` are host names, addresses and CIDR blocks; ``trusted`` the environment's own URLs by vendor.

    A name is never looked up, so one that leads to an address inside a block has to be allowed by its name.
    """

    allowed: tuple[str, ...] = ()
    trusted: Mapping[ProviderKind, str] = _NONE

    def fault(self, kind: ProviderKind, url: str) -> str | None:
        """Return why a row of ``kind`` may not go to ``url``, None when it may."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return _NO_URL
        if parts.scheme not in ("http", "https") or not host or not _URL.fullmatch(url):
            return _NO_URL
        if parts.username is not None or parts.query or parts.fragment:
            return "must be a URL without user, query or fragment"
        if any(segment in (".", "..") for segment in unquote(parts.path).split("/")):
            return "must be a URL without . and .. in its path"
        is_vendors = (parts.scheme, host) == ("https", VENDOR_HOSTS[kind]) and port in (None, HTTPS_PORT)
        if is_vendors or url.rstrip("/") == self.trusted.get(kind) or self._allows(host.rstrip(".")):
            return None
        return "leads to a host that is not allowed; SIGNALBOX_ALLOWED_UPSTREAMS names those that are"

    def _allows(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return any(host == each.rstrip(".") for each in self.allowed)
        return any(address in network for network in _networks(self.allowed))


def _networks(allowed: Iterable[str]) -> Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for entry in allowed:
        try:
            yield ipaddress.ip_network(entry, strict=False)
        except ValueError:
            continue
