"""No message goes into our own network: by address, by name, by anything that stands for an address."""

import socket
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from router_core.egress.connector import FencedResolver
from router_core.egress.fence import Fence, OutOfBoundsError, literal_address

INSIDE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:c0a8:101::1", "2001:db8::1",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_refused(address: str) -> None:
    assert not Fence().lets_through("hooks.example.com", address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_outside_is_let_through(address: str) -> None:
    assert Fence().lets_through("hooks.example.com", address)


def test_what_is_named_is_let_through_and_nothing_beside_it() -> None:
    fence = Fence(["Hooks.internal.", "10.0.0.0/8", "127.0.0.1", "fd00::/8"])
    assert fence.lets_through("hooks.INTERNAL", "192.168.1.1")
    assert not fence.lets_through("x.hooks.internal", "192.168.1.1")
    assert fence.lets_through("any", "10.200.0.1")
    assert fence.lets_through("any", "::ffff:10.200.0.1")
    assert fence.lets_through("any", "127.0.0.1")
    assert not fence.lets_through("any", "127.0.0.2")
    assert fence.lets_through("any", "fd00::5")
    assert not fence.lets_through("any", "fc00::5")


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("::1", "::1"), ("localhost", None), ("0x7f.1", None), ("", None)],
)
def test_an_address_that_is_spelt_out_is_known_as_one(host: str, address: str | None) -> None:
    assert literal_address(host) == address


class _Names(AbstractResolver):
    """Answers every name with ``addresses``."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self.addresses
        ]

    async def close(self) -> None:
        return None


async def test_a_name_leads_to_its_public_addresses_only() -> None:
    mixed = FencedResolver(Fence(), _Names("10.0.0.1", "8.8.8.8", "::1"))
    assert [each["host"] for each in await mixed.resolve("hooks.example.com", 443)] == ["8.8.8.8"]


async def test_a_name_that_leads_inside_is_out_of_bounds() -> None:
    with pytest.raises(OutOfBoundsError):
        await FencedResolver(Fence(), _Names("127.0.0.1", "169.254.169.254")).resolve("rebound.example.com", 80)
    allowed = FencedResolver(Fence(["rebound.example.com"]), _Names("127.0.0.1"))
    assert len(await allowed.resolve("rebound.example.com", 80)) == 1
