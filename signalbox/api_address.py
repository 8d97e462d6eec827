"""Where the API of a console that stands alone is: told by the command, read by the program that it serves."""

from typing import Final

from msgspec import Struct

from router_core.types import Secret

__all__ = ["API_ADDRESS", "ApiAddress", "GivenAddress"]


class ApiAddress(Struct, frozen=True):
    """An API's URL, and the admin key that vouches for what the console says about its visitors, if there is one."""

    url: str
    key: Secret | None


class GivenAddress:
    """Holds the address that a command gave."""

    __slots__ = ("_address",)

    def __init__(self) -> None:
        self._address: ApiAddress | None = None

    def give(self, address: ApiAddress) -> None:
        """Make ``address`` known."""
        self._address = address

    def require(self) -> ApiAddress:
        """Return the address. Raises ``RuntimeError`` when none was given."""
        if self._address is None:
            raise RuntimeError("no API was named")
        return self._address


API_ADDRESS: Final = GivenAddress()
"""The one holder of a process; the program is a file that is imported, so nothing can be handed to it."""
