"""A way out that leads to this machine, where the tests' servers are."""

from typing import Final

from router_core.egress.fence import Fence
from router_core.egress.places import Egress

__all__ = ["LOOPBACK"]

LOOPBACK: Final = Egress(Fence(("127.0.0.0/8", "::1", "localhost", "no-such-host.invalid")))
