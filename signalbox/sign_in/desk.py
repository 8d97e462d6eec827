"""Checks an e-mail address and a password; unknown people cost as much as known ones."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from router_core.clock import Clock, new_ulid
from router_core.errors import OverloadedError
from router_core.ports import UserRecord, UserStore
from router_core.security.password_room import PasswordRoom
from router_core.security.sessions import OpenedSession
from router_core.types import OperatorAction, Principal, Role, Secret
from signalbox.sign_in.door import SignInRefused, SignInUnavailable
from signalbox.sign_in.throttle import FailureThrottle

__all__ = ["Doors", "SessionDoor", "SignInDesk"]

_AWAY: Final = "The store does not answer, so nobody can be signed in or out right now. Try again in a moment."


class SessionDoor(Protocol):
    """Opens, checks and closes sessions."""

    async def open(self, user: UserRecord, address: str) -> OpenedSession:
        """Start a session."""
        ...

    async def check(self, token: str, *, touch: bool) -> Principal | None:
        """Return whose valid session ``token`` is."""
        ...

    async def close(self, token: str) -> None:
        """End the session."""
        ...


@dataclass(frozen=True)
class Doors:
    """What signing in needs of the running server; ``note`` has an act written into the audit log, without a wait."""

    users: UserStore
    passwords: PasswordRoom
    sessions: SessionDoor
    note: Callable[[OperatorAction], None]


class _Who(NamedTuple):
    id: str
    role: Role


class SignInDesk:
    """Signs people in, a few at a time: each check takes tens of milliseconds and megabytes on purpose.

    ``doors`` is asked at each call: the pages are there before the server that they sign in to.
    """

    def __init__(self, doors: Callable[[], Doors], clock: Clock) -> None:
        self._doors = doors
        self._clock = clock
        self._throttle = FailureThrottle(clock)

    async def sign_in(self, email: str, password: Secret, address: str) -> str:
        """Return a new session's token. Raises :class:`SignInRefused`, whatever the reason, without naming it."""
        doors, key = self._doors(), email.strip().lower()
        wait = self._throttle.wait(key, address)
        if wait > 0:
            raise SignInRefused(math.ceil(wait))
        with _unless_away():
            user = await doors.users.by_email(key)
        fits = await doors.passwords.verify(password, "" if user is None else user.password_hash)
        if user is None or not fits or not user.is_active:
            self._throttle.failed(key, address)
            if user is not None:  # What strangers type into the field may be anything, a password too.
                doors.note(self._act("session.refused", None, user.email, address))
            raise SignInRefused
        self._throttle.passed(key, address)
        with _unless_away():
            opened = await doors.sessions.open(user, address)
        doors.note(self._act("session.opened", _Who(user.id, user.role), user.email, address))
        return opened.token.reveal()

    async def sign_out(self, token: str, address: str) -> None:
        """End the session of ``token``, if there is one."""
        doors = self._doors()
        with _unless_away():
            person = await doors.sessions.check(token, touch=False)
            await doors.sessions.close(token)
        if person is not None:
            doors.note(self._act("session.closed", _Who(person.id, person.role), person.name, address))

    async def is_open(self, token: str) -> bool:
        """Say whether ``token`` opens a session."""
        with _unless_away():
            return await self._doors().sessions.check(token, touch=False) is not None

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
def _unless_away() -> Iterator[None]:
    """Turn what a store says that is away into what the pages tell people."""
    try:
        yield
    except OverloadedError:
        raise SignInUnavailable(_AWAY) from None
