"""What people do about their own password: choose one, by an invitation or in the place of another."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import structs

from router_core.clock import Clock
from router_core.ports import UserChanges, UserRecord
from router_core.security.first_secrets import require_good
from router_core.security.password_room import PasswordRoom
from router_core.security.sessions import token_digest
from router_core.types import Secret

__all__ = ["OwnAccess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccess:
    """Chooses passwords for people who have shown who they are; ``look_anew`` has sessions checked anew here."""

    changes: UserChanges
    passwords: PasswordRoom
    look_anew: Callable[[], None]
    clock: Clock

    async def invited(self, invitation: str) -> UserRecord | None:
        """Return who holds an invitation that has not ended and was not used, None for any other text."""
        user = await self.changes.by_invitation(token_digest(invitation))
        if user is None or user.invited_until is None or user.invited_until <= self.clock.utcnow():
            return None
        return user if user.is_active else None

    async def choose(self, user: UserRecord, password: Secret) -> UserRecord:
        """Give ``user`` a password of their own; every session of theirs ends, and every invitation.

        Raises :class:`ValidationError` that says what a password must be, :class:`ConflictError` when somebody changed
        the person meanwhile, and :class:`OverloadedError`.
        """
        require_good(password, user.email)
        hashed = await self.passwords.hash(password)
        kept = await self.changes.change(
            structs.replace(
                user, password_hash=hashed, must_change=False, invitation_hash=None, invited_until=None,
                generation=user.generation + 1,
            )
        )  # fmt: skip
        self.look_anew()
        return kept

    async def bind(self, user: UserRecord, openid: str) -> UserRecord:
        """Return ``user`` bound to who they are at a sign-in provider, without the first way in that was handed over.

        Raises :class:`ValidationError` when that is somebody else here, and :class:`ConflictError`.
        """
        hashed = "" if user.must_change else user.password_hash
        return await self.changes.change(
            structs.replace(
                user, openid=openid, password_hash=hashed, must_change=False, invitation_hash=None, invited_until=None
            )
        )
