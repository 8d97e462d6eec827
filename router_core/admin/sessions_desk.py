"""The facade of sessions: who is signed in where, and the way to end it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from msgspec import structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import Detail, act_of
from router_core.admin.people_views import SessionView, session_view
from router_core.clock import Clock
from router_core.errors import ForbiddenError, NotFoundError
from router_core.ports import SessionRegister, UserChanges, UserStore
from router_core.security.permissions import require
from router_core.security.sessions import IDLE_LIFE
from router_core.types import Principal

__all__ = ["SessionDesk", "SessionDeskParts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDeskParts:
    """What :class:`SessionDesk` works on; ``acting`` reads who acts again, ``look_anew`` is the session gate's."""

    sessions: SessionRegister
    users: UserStore
    changes: UserChanges
    acting: Callable[[Principal], Awaitable[Principal]]
    trail: ActionTrail
    look_anew: Callable[[], None]
    clock: Clock


class SessionDesk:
    """What people see and do about sessions, their own or, as admins, everybody's; in force everywhere within 5 s.

    Raises :class:`ForbiddenError` when their role does not allow it.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: SessionDeskParts) -> None:
        self._parts = parts

    async def own(self, person: Principal) -> Sequence[SessionView]:
        """Return where ``person`` is signed in, newest act first."""
        return await self._open_ones(_person_id(person))

    async def everybody(self, person: Principal, user_id: str | None = None) -> Sequence[SessionView]:
        """Return where people are signed in, or one of them."""
        require(person, "sessions.read")
        return await self._open_ones(user_id)

    async def end_own(self, session_id: str, person: Principal) -> None:
        """End a session of one's own. Raises :class:`NotFoundError`."""
        await self._end(session_id, person, _person_id(person))

    async def end_others(self, kept: str, person: Principal) -> int:
        """End all sessions of one's own but the one named ``kept``; return how many."""
        parts, user_id = self._parts, _person_id(person)
        act = act_of(person, "session.others_ended", person.name, parts.clock)
        ended = await parts.trail.carry_out(act, parts.sessions.end_others(user_id, kept, parts.clock.utcnow()))
        parts.look_anew()
        return ended

    async def end(self, session_id: str, person: Principal) -> None:
        """End anybody's session. Raises :class:`NotFoundError`."""
        actor = await self._parts.acting(person)
        require(actor, "sessions.end")
        await self._end(session_id, actor, None)

    async def end_all(self, user_id: str, person: Principal) -> int:
        """End every session of a person; return how many there were. Raises :class:`NotFoundError`."""
        parts, actor = self._parts, await self._parts.acting(person)
        require(actor, "sessions.end")
        user = await parts.users.by_id(user_id)
        if user is None:
            raise NotFoundError("There is no such person")
        number = len(await self._open_ones(user_id))
        act = act_of(actor, "session.all_ended", user.email, parts.clock, before={"sessions": number})
        ended = structs.replace(user, generation=user.generation + 1)
        await parts.trail.carry_out(act, parts.changes.change(ended))
        parts.look_anew()
        return number

    async def seen_from(self, user_id: str, address: str) -> bool:
        """Say whether that person has signed in from ``address`` before; for the sign-in page alone."""
        return await self._parts.sessions.seen_from(user_id, address)

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _open_ones(self, user_id: str | None) -> Sequence[SessionView]:
        now = self._parts.clock.utcnow()
        found = await self._parts.sessions.open_ones(user_id, now, now - IDLE_LIFE)
        return [session_view(session, user) for session, user in found]

    async def _end(self, session_id: str, person: Principal, user_id: str | None) -> None:
        parts = self._parts
        there = {each.id: each for each in await self._open_ones(user_id)}.get(session_id)
        if there is None:
            raise NotFoundError("There is no such session")
        detail: Detail = {"session": session_id, "address": there.address}
        act = act_of(person, "session.ended", there.email, parts.clock, detail=detail)
        await parts.trail.carry_out(act, parts.sessions.end(session_id, parts.clock.utcnow(), user_id))
        parts.look_anew()


def _person_id(person: Principal) -> str:
    if person.kind != "person":
        raise ForbiddenError("Only a signed-in person has sessions")
    return person.id
