"""What the sign-in pages need: somebody who checks passwords and keeps sessions, in this process or elsewhere."""

from typing import Protocol

from router_core.types import Secret

__all__ = ["SignInDoor", "SignInRefused", "SignInUnavailable"]


class SignInRefused(Exception):
    """Nobody was signed in; ``wait_s`` is how many seconds to wait before the next try, 0 for none."""

    def __init__(self, wait_s: int = 0) -> None:
        super().__init__("sign-in refused")
        self.wait_s = wait_s


class SignInUnavailable(Exception):
    """Nobody can be signed in now; the message says why, to people."""


class SignInDoor(Protocol):
    """Signs people in and out; every method raises :class:`SignInUnavailable`."""

    async def sign_in(self, email: str, password: Secret, address: str) -> str:
        """Return a new session's token. Raises :class:`SignInRefused`, whatever the reason, without naming it."""
        ...

    async def sign_out(self, token: str, address: str) -> None:
        """End the session of ``token``, if there is one."""
        ...

    async def is_open(self, token: str) -> bool:
        """Say whether ``token`` opens a session."""
        ...
