"""Where a provider's base URL may lead: the vendor's own host, what the environment trusts, and what it allows."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from router_core.egress.fence import Fence
from router_core.egress.places import Egress
from router_core.egress.ports import speaks_no_http
from router_core.types import ProviderKind

__all__ = ["VENDOR_HOSTS", "UpstreamRule"]

VENDOR_HOSTS: Final[Mapping[ProviderKind, str]] = MappingProxyType(
    {"openai": "api.openai.com", "anthropic": "api.anthropic.com"}
)
HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80
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
        parts = _parts(url)
        if isinstance(parts, str):
            return parts
        host = parts.hostname or ""
        is_vendors = (parts.scheme, host) == ("https", VENDOR_HOSTS[kind]) and parts.port in (None, HTTPS_PORT)
        if is_vendors or url.rstrip("/") == self.trusted.get(kind):
            return None
        return self._place_fault(parts)

    def place_fault(self, url: str) -> str | None:
        """Return why something that is no provider may not be at ``url``, None when it may."""
        parts = _parts(url)
        return parts if isinstance(parts, str) else self._place_fault(parts)

    def _place_fault(self, parts: SplitResult) -> str | None:
        host, port = parts.hostname or "", parts.port
        if not self._allows(host.rstrip(".")):
            return "leads to a host that is not allowed; SIGNALBOX_ALLOWED_UPSTREAMS names those that are"
        return "leads to a port where no HTTP is spoken" if speaks_no_http(port) else None

    def may_reach(self, host: str, port: int, is_tls: bool) -> bool:
        """Say whether a connection to a provider may be made at all, whoever asks for it; see ``egress``."""
        place = (host.lower().rstrip("."), port, is_tls)
        if any(place == (each, HTTPS_PORT, True) for each in VENDOR_HOSTS.values()):
            return True
        if any(place == _origin(each) for each in self.trusted.values()):
            return True
        return self._allows(place[0]) and not speaks_no_http(port)

    def egress(self) -> Egress:
        """Return where connections to providers may go.

        A host that is allowed or trusted by name may be anywhere, an address has to be in an allowed block, and the
        vendors' own hosts are outside.
        """
        hosts = (urlsplit(each).hostname or "" for each in self.trusted.values())
        return Egress(Fence((*self.allowed, *hosts), outside=VENDOR_HOSTS.values()), self.may_reach)

    def _allows(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return any(host == each.rstrip(".") for each in self.allowed)
        return any(address in network for network in _networks(self.allowed))


def _parts(url: str) -> SplitResult | str:
    """Return ``url`` taken apart, or what is wrong with it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return _NO_URL
    if parts.scheme not in ("http", "https") or not host or not _URL.fullmatch(url):
        return _NO_URL
    return _extra(parts) or parts


def _extra(parts: SplitResult) -> str | None:
    """Return what a base URL has that it must not have."""
    if parts.username is not None or parts.query or parts.fragment:
        return "must be a URL without user, query or fragment"
    if any(segment in (".", "..") for segment in unquote(parts.path).split("/")):
        return "must be a URL without . and .. in its path"
    return None


def _origin(url: str) -> tuple[str, int, bool]:
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    return ((parts.hostname or "").rstrip("."), parts.port or (HTTPS_PORT if is_tls else HTTP_PORT), is_tls)


def _networks(allowed: Iterable[str]) -> Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for entry in allowed:
        try:
            yield ipaddress.ip_network(entry, strict=False)
        except ValueError:
            continue
