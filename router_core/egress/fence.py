"""Which addresses a connection may go to: none inside our own network, unless the environment allows it."""

import ipaddress
from collections.abc import Iterable
from typing import Final

__all__ = ["Fence", "OutOfBoundsError", "literal_address"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# What looks public and is not: metadata servers of clouds, and what is set aside for protocols and documents.
_SET_ASIDE: Final[tuple[Network, ...]] = (
    ipaddress.IPv4Network("168.63.129.16/32"),
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv4Network("192.88.99.0/24"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
    ipaddress.IPv6Network("3fff::/20"),
    ipaddress.IPv6Network("5f00::/16"),
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_LOW_32_BITS: Final = 0xFFFF_FFFF
# The upper half of an interface identifier that carries an IPv4 address, with its "universal" bit set or not.
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


class OutOfBoundsError(OSError):
    """The address or the host is on our side of the fence."""


class Fence:
    """Tells public addresses from our own.

    ``allowed`` are hosts, addresses and CIDR blocks that are let through; a host in it may be anywhere. The hosts
    ``outside`` are never let into a block: they have no business there unless they are allowed by name.
    """

    __slots__ = ("_hosts", "_networks", "_outside")

    def __init__(self, allowed: Iterable[str] = (), *, outside: Iterable[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._networks: list[Network] = []
        self._outside = frozenset(map(_plain, outside))
        for entry in allowed:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self._hosts.add(_plain(entry))

    def lets_through(self, host: str, address: str) -> bool:
        """Say whether a connection for ``host`` may go to ``address``."""
        plain = _plain(host)
        if plain in self._hosts:
            return True
        found = [*_meant(ipaddress.ip_address(address))]
        if plain not in self._outside and any(self._allows(each) for each in found):
            return True
        return all(_is_public(each) for each in found)

    def _allows(self, address: Address) -> bool:
        return any(address in network for network in self._networks if address.version == network.version)


def literal_address(host: str) -> str | None:
    """Return the address that ``host`` spells out, None for a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def _meant(address: Address) -> Iterable[Address]:
    """Yield ``address`` and every IPv4 address that it carries inside."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo or ()
        for inner in (address.ipv4_mapped, address.sixtofour, *teredo):
            if inner is not None:
                yield inner
        low = ipaddress.IPv4Address(int(address) & _LOW_32_BITS)
        if address in _NAT64 or (int(address) >> 32) & _LOW_32_BITS in _ISATAP:
            yield low


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64):
        return True  # judged by the address inside
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    set_aside = any(address in each for each in _SET_ASIDE if each.version == address.version)
    if site_local or address.is_multicast or address.is_reserved or set_aside:
        return False
    return address.is_global


def _plain(host: str) -> str:
    return host.lower().rstrip(".")
