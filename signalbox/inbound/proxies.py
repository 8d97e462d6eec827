"""Where a request comes from: the peer of the connection, or what a proxy that is trusted says about it."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from router_core.api.host import is_host

__all__ = ["FORWARDED", "Origin", "TrustedProxies"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Header = tuple[bytes, bytes]

FORWARDED: Final = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto", b"x-real-ip"}
)
"""Headers by which proxies say what they saw; nothing behind the front of the server gets to see them."""

_SCHEMES: Final = frozenset({"http", "https"})
# Addresses as proxies write them: with a port, or an IPv6 address in brackets.
_WITH_PORT: Final = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5}")
MOST_HOPS: Final = 32


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from; ``host`` is None where the request's own Host header stands."""

    address: str
    scheme: str
    host: bytes | None = None


class TrustedProxies:
    """Believes ``X-Forwarded-For``, ``-Proto`` and ``-Host`` of connections from the given networks, of no others.

    The client is the right-most address that is not a trusted proxy's: what stands left of it came from the client.
    ``networks`` are addresses or CIDR blocks.
    """

    def __init__(self, networks: Sequence[str] = ()) -> None:
        self._networks = tuple(ipaddress.ip_network(each, strict=False) for each in networks)

    def trusts(self, address: str) -> bool:
        """Say whether ``address`` is a trusted proxy's."""
        found = _parsed(address) if self._networks else None
        return found is not None and self._is_trusted(found)

    def origin(self, seen: Origin, headers: Sequence[Header]) -> Origin:
        """Return where a request comes from whose connection is ``seen``."""
        if not self.trusts(seen.address):
            return seen
        told = Origin(self._client(seen.address, _entries(headers, b"x-forwarded-for")), seen.scheme)
        schemes, hosts = _entries(headers, b"x-forwarded-proto"), _entries(headers, b"x-forwarded-host")
        if schemes and schemes[-1].lower() in _SCHEMES:
            told = replace(told, scheme=schemes[-1].lower())
        if hosts and is_host(hosts[-1].encode("latin-1")):
            told = replace(told, host=hosts[-1].encode("latin-1"))
        return told

    def _client(self, peer: str, hops: Sequence[str]) -> str:
        client = peer
        for hop in reversed(hops[-MOST_HOPS:]):
            found = _parsed(hop)
            if found is None:
                break  # who wrote this is unknown, and so is what stands left of it
            client = str(found)
            if not self._is_trusted(found):
                break
        return client

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _entries(headers: Sequence[Header], name: bytes) -> list[str]:
    """Return the entries of all headers of that name, as one list in their order."""
    return [each.strip() for key, value in headers if key == name for each in value.decode("latin-1").split(",")]


def _parsed(text: str) -> Address | None:
    """Return the address in ``text``, of an IPv4 address in IPv6 form the IPv4 one; None when there is none."""
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address((found[1] or found[2]) if found else text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
