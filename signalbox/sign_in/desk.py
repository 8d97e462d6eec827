"""Checks an e-mail address and a password; unknown people cost as much as known ones."""

import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from router_core.admin.own_access import OwnAccess
from router_core.clock import Clock, new_ulid
from router_core.errors import ConflictError, OverloadedError, ValidationError
from router_core.ports import UserRecord, UserStore
from router_core.security.password_room import PasswordRoom
from router_core.security.sessions import ConsoleSession, OpenedSession
from router_core.types import OperatorAction, Principal, Role, Secret
from signalbox.sign_in.door import PasswordUnfit, SignedIn, SignInRefused, SignInUnavailable
from signalbox.sign_in.throttle import FailureThrottle

__all__ = ["Doors", "SessionDoor", "SignInDesk", "unless_away"]

_AWAY: Final = "The store does not answer, so nobody can be signed in or out right now. Try again in a moment."

_BUSY: Final = "Too many people are signing in right now. Try again in a moment."


class SessionDoor(Protocol):
    """Opens, checks and closes sessions."""

    async def open(self, user: UserRecord, address: str, browser: str) -> OpenedSession:
        """Start a session."""
        ...

    async def check(self, token: str, *, touch: bool) -> Principal | None:
        """Return whose valid session ``token`` is."""
        ...

    async def find(self, token: str, *, touch: bool) -> ConsoleSession | None:
        """Return the valid session of ``token``, one too that only serves to choose another password."""
        ...

    async def close(self, token: str) -> None:
        """End the session."""
        ...


@dataclass(frozen=True)
class Doors:
    """What signing in needs of the running server; ``note`` has an act written into the audit log, without a wait.

    ``seen_from`` says whether a person has signed in from an address before.
    """

    users: UserStore
    own: OwnAccess
    passwords: PasswordRoom
    sessions: SessionDoor
    seen_from: Callable[[str, str], Awaitable[bool]]
    note: Callable[[OperatorAction], None]


class _Who(NamedTuple):
    id: str
    role: Role


class SignInDesk:
    """Signs people in, and lets them choose their passwords.

    ``doors`` is asked at each call: the pages are there before the server that they sign in to.
    """

    def __init__(self, doors: Callable[[], Doors], clock: Clock, throttle: FailureThrottle | None = None) -> None:
        self._doors = doors
        self._clock = clock
        self._throttle = throttle or FailureThrottle(clock)

    async def sign_in(self, email: str, password: Secret, address: str, browser: str = "") -> SignedIn:
        """Return a new session. Raises :class:`SignInRefused`, whatever the reason, without naming it."""
        doors, key = self._doors(), email.strip().lower()
        with unless_away():
            user = await doors.users.by_email(key)
        await self._require_fit(user, key, password, address)
        if user is None:
            raise SignInRefused
        return await self.let_in(user, address, browser)

    async def let_in(self, user: UserRecord, address: str, browser: str, verb: str = "session.opened") -> SignedIn:
        """Open a session for who has shown who they are."""
        doors = self._doors()
        with unless_away():
            opened = await doors.sessions.open(user, address, browser)
        doors.note(self._act(verb, _Who(user.id, user.role), user.email, address))
        return SignedIn(opened.token.reveal(), user.must_change)

    async def sign_out(self, token: str, address: str) -> None:
        """End the session of ``token``, if there is one."""
        doors = self._doors()
        with unless_away():
            session = await doors.sessions.find(token, touch=False)
            await doors.sessions.close(token)
        if session is not None:
            person = session.principal
            doors.note(self._act("session.closed", _Who(person.id, person.role), person.name, address))

    async def is_open(self, token: str) -> bool:
        """Say whether ``token`` opens a session."""
        with unless_away():
            return await self._doors().sessions.check(token, touch=False) is not None

    async def change_password(self, token: str, old: Secret, new: Secret, address: str, browser: str = "") -> SignedIn:
        """Change the password of whose session it is; return the only session that they have then.

        Raises :class:`SignInRefused` when ``old`` is wrong or the session is over, :class:`PasswordUnfit`.
        """
        doors = self._doors()
        with unless_away():
            session = await doors.sessions.find(token, touch=False)
            user = None if session is None else await doors.users.by_id(session.principal.id)
        if user is None:
            raise SignInRefused
        await self._require_fit(user, user.email, old, address)
        if new == old:
            raise PasswordUnfit("Choose a password other than the one you have.")
        return await self._choose(user, new, address, browser, "user.password_changed")

    async def invited(self, invitation: str) -> str | None:
        """Return the address of whoever was invited with that token, None when it is not good any more."""
        with unless_away():
            user = await self._doors().own.invited(invitation)
        return None if user is None else user.email

    async def accept(self, invitation: str, password: Secret, address: str, browser: str = "") -> SignedIn:
        """Give the invited person that password; return a session. Raises as :meth:`change_password` does."""
        with unless_away():
            user = await self._doors().own.invited(invitation)
        if user is None:
            raise SignInRefused
        return await self._choose(user, password, address, browser, "user.invitation_accepted")

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _choose(self, user: UserRecord, password: Secret, address: str, browser: str, verb: str) -> SignedIn:
        try:
            with unless_away():
                changed = await self._doors().own.choose(user, password)
        except ValidationError as error:
            raise PasswordUnfit(f"{error.message}.") from None
        except ConflictError:  # somebody used the same link, or an admin was faster
            raise SignInRefused from None
        return await self.let_in(changed, address, browser, verb)

    async def _require_fit(self, user: UserRecord | None, email: str, password: Secret, address: str) -> None:
        """Check a password, at the same cost for nobody. Raises :class:`SignInRefused`."""
        doors = self._doors()
        wait = self._throttle.wait(email, address)
        if wait == 0:
            wait = self._throttle.crowd_wait(email, address)
            if wait > 0 and user is not None:
                with unless_away():
                    wait = 0 if await doors.seen_from(user.id, address) else wait
        if wait > 0:
            raise SignInRefused(math.ceil(wait))
        self._throttle.begin(email, address)
        try:
            fits = await doors.passwords.verify(password, "" if user is None else user.password_hash)
        except OverloadedError:
            self._throttle.take_back(email, address)
            raise SignInUnavailable(_BUSY) from None
        if user is None or not fits or not user.is_active:
            if user is not None:  # What strangers type into the field may be anything, a password too.
                doors.note(self._act("session.refused", None, user.email, address))
            raise SignInRefused
        self._throttle.passed(email, address)

    def _act(self, action: str, who: _Who | None, email: str, address: str) -> OperatorAction:
        """Return the record of an act on the session of ``email``; ``who`` is None where nobody proved to be that."""
        return OperatorAction(
            id=new_ulid(self._clock),
            at=self._clock.utcnow(),
            actor="" if who is None else email,
            actor_id="" if who is None else who.id,
            role=None if who is None else who.role,
            action=action,
            target=email,
            address=address,
        )


@contextmanager
def unless_away() -> Iterator[None]:
    """Turn what a store says that is away into what the pages tell people."""
    try:
        yield
    except OverloadedError:
        raise SignInUnavailable(_AWAY) from None
