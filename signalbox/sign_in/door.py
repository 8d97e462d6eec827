"""What the sign-in pages need: somebody who checks passwords and keeps sessions, in this process or elsewhere."""

from typing import NamedTuple, Protocol

from router_core.types import Secret

__all__ = ["PasswordUnfit", "SignInDoor", "SignInRefused", "SignInUnavailable", "SignedIn"]


class SignedIn(NamedTuple):
    """A new session's token, and whether it only serves to choose another password."""

    token: str
    must_change: bool = False


class SignInRefused(Exception):
    """Nobody was signed in; ``wait_s`` is how many seconds to wait before the next try, 0 for none."""

    def __init__(self, wait_s: int = 0) -> None:
        super().__init__("sign-in refused")
        self.wait_s = wait_s


class SignInUnavailable(Exception):
    """Nobody can be signed in now; the message says why, to people."""


class PasswordUnfit(Exception):
    """The password that was chosen cannot be taken; the message says why, to people."""


class SignInDoor(Protocol):
    """Signs people in and out; every method raises :class:`SignInUnavailable`."""

    async def sign_in(self, email: str, password: Secret, address: str, browser: str = "") -> SignedIn:
        """Return a new session. Raises :class:`SignInRefused`, whatever the reason, without naming it."""
        ...

    async def sign_out(self, token: str, address: str) -> None:
        """End the session of ``token``, if there is one."""
        ...

    async def is_open(self, token: str) -> bool:
        """Say whether ``token`` opens a session."""
        ...

    async def change_password(self, token: str, old: Secret, new: Secret, address: str, browser: str = "") -> SignedIn:
        """Change the password of whose session it is; return a new session, the only one that they have then.

        Raises :class:`SignInRefused` when ``old`` is wrong or the session is over, :class:`PasswordUnfit`.
        """
        ...

    async def invited(self, invitation: str) -> str | None:
        """Return the address of whoever was invited with that token, None when it is not good any more."""
        ...

    async def accept(self, invitation: str, password: Secret, address: str, browser: str = "") -> SignedIn:
        """Give the invited person that password; return a session.

        Raises :class:`SignInRefused` when the invitation is not good any more, :class:`PasswordUnfit`.
        """
        ...
