"""Which addresses a message may go to: none inside our own network, unless it was allowed by name."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

__all__ = ["Fence", "FencedResolver", "OutOfBoundsError", "literal_address"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# What looks public and is the host's own: metadata servers of clouds, and what is set aside for protocols.
_OWN_HOST: Final = (ipaddress.IPv4Network("168.63.129.16/32"), ipaddress.IPv4Network("192.0.0.0/24"))
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_LOW_32_BITS: Final = 0xFFFF_FFFF


class OutOfBoundsError(OSError):
    """The address is on our side of the fence."""


class Fence:
    """Tells public addresses from our own. ``allowed`` are hosts, addresses and CIDR blocks that are let through."""

    __slots__ = ("_hosts", "_networks")

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._networks: list[Network] = []
        for entry in allowed:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self._hosts.add(_plain(entry))

    def lets_through(self, host: str, address: str) -> bool:
        """Say whether a message for ``host`` may go to ``address``."""
        if _plain(host) in self._hosts:
            return True
        found = [*_meant(ipaddress.ip_address(address))]
        if any(each in network for each in found for network in self._networks if each.version == network.version):
            return True
        return all(_is_public(each) for each in found)


def literal_address(host: str) -> str | None:
    """Return the address that ``host`` spells out, None for a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


class FencedResolver(AbstractResolver):
    """Looks names up and keeps to itself what lies inside the fence, at the moment of connecting."""

    def __init__(self, fence: Fence, inner: AbstractResolver) -> None:
        self._fence = fence
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the public addresses of ``host``. Raises :class:`OutOfBoundsError` when it has only others."""
        found = await self._inner.resolve(host, port, family)
        public = [each for each in found if self._fence.lets_through(host, each["host"])]
        if found and not public:
            raise OutOfBoundsError("the host's address is not public")
        return public

    async def close(self) -> None:
        """Let go of what the look-up holds."""
        await self._inner.close()


def _meant(address: Address) -> Iterable[Address]:
    """Yield ``address`` and every IPv4 address that it carries inside."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo or ()
        for inner in (address.ipv4_mapped, address.sixtofour, *teredo):
            if inner is not None:
                yield inner
        if address in _NAT64:
            yield ipaddress.IPv4Address(int(address) & _LOW_32_BITS)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64):
        return True  # judged by the address inside
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    if site_local or address.is_multicast or address.is_reserved or any(address in each for each in _OWN_HOST):
        return False
    return address.is_global


def _plain(host: str) -> str:
    return host.lower().rstrip(".")
