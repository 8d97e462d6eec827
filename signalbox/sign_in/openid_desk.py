"""Opens sessions for people whom a sign-in provider vouches for: bound to one subject there, made if that is wanted."""

from collections.abc import Callable

from router_core.admin.acts import Detail
from router_core.admin.people import plain_address
from router_core.clock import Clock, new_ulid
from router_core.errors import ConflictError, ValidationError
from router_core.ports import UserRecord
from router_core.types import OperatorAction, PersonRole
from signalbox.sign_in.desk import Doors, SignInDesk, unless_away
from signalbox.sign_in.door import SignedIn, SignInRefused
from signalbox.sign_in.openid import OpenIdPerson

__all__ = ["OpenIdDesk"]


class OpenIdDesk:
    """Signs people in without a password. ``newcomer_role`` says what strangers become, None that they stay out."""

    def __init__(
        self, desk: SignInDesk, doors: Callable[[], Doors], clock: Clock, newcomer_role: Callable[[], PersonRole | None]
    ) -> None:
        self._desk = desk
        self._doors = doors
        self._clock = clock
        self._newcomer_role = newcomer_role

    async def admit(self, shown: OpenIdPerson, address: str, browser: str) -> SignedIn:
        """Open a session for the person with the address that was verified.

        The first time binds them to the provider's subject, which ends a first password and an invitation; another
        subject with the same address is refused from then on. Raises :class:`SignInRefused`, whatever the reason.
        """
        with unless_away():
            user = await self._doors().users.by_email(shown.email.strip().lower()) or await self._made(shown, address)
            if user is None or not user.is_active:
                raise SignInRefused
            user = await self._bound(user, shown)
        if user.openid != shown.identity:
            self._note("session.refused", user, address, {"reason": "another subject of the provider"})
            raise SignInRefused
        return await self._desk.let_in(user, address, browser, "session.opened_by_openid")

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _bound(self, user: UserRecord, shown: OpenIdPerson) -> UserRecord:
        """Return ``user`` bound to ``shown`` if they were bound to nobody, and as they are otherwise."""
        if user.openid is not None:
            return user
        try:
            return await self._doors().own.bind(user, shown.identity)
        except ValidationError:  # the subject is somebody else here
            return user
        except ConflictError:  # another tab was faster, or an admin
            return await self._doors().users.by_id(user.id) or user

    async def _made(self, shown: OpenIdPerson, address: str) -> UserRecord | None:
        """Return a new person, None where strangers stay out."""
        role = self._newcomer_role()
        if role is None:
            return None
        try:
            user = UserRecord(
                id=new_ulid(self._clock).lower(), email=plain_address(shown.email), password_hash="", role=role,
                accounts=(), is_active=True, created_at=self._clock.utcnow(), openid=shown.identity,
            )  # fmt: skip
            await self._doors().users.create(user)
        except ValidationError:  # no address, or the subject is somebody else here
            return None
        self._note("user.created_by_openid", user, address, {"role": role})
        return user

    def _note(self, verb: str, user: UserRecord, address: str, detail: Detail) -> None:
        act = OperatorAction(
            id=new_ulid(self._clock), at=self._clock.utcnow(), actor="", actor_id="", role=None, action=verb,
            target=user.email, detail=detail, address=address,
        )  # fmt: skip
        self._doors().note(act)
