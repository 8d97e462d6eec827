"""The facade of people: who there is, and the way to invite, change, disable and remove them."""

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET, structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import Detail, act_of
from router_core.admin.people_rules import PersonAct, why_not
from router_core.admin.people_views import (
    AccessOrder,
    FirstAccess,
    Handover,
    PersonChange,
    PersonOrder,
    PersonView,
    person_view,
)
from router_core.clock import Clock, new_ulid
from router_core.errors import ForbiddenError, NotFoundError, ValidationError
from router_core.ports import UserChanges, UserRecord, UserStore
from router_core.security.first_secrets import INVITATION_LIFE, generate_password, new_invitation
from router_core.security.password_room import PasswordRoom
from router_core.security.permissions import require
from router_core.types import OperatorAction, PersonRole, Principal

__all__ = ["INVITATION_PATH", "PeopleDesk", "PeopleDeskParts", "plain_address"]

INVITATION_PATH: Final = "/auth/invitation/"
_GUARDED: Final = frozenset({"users.edit", "users.remove_admin", "accounts.edit", "accounts.delete", "sessions.end"})
_PAUSE_S: Final = 60.0
_MOST_REMEMBERED: Final = 1_000
_MOST_WANTED: Final = 200
_MOST_EMAIL: Final = 254
_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDeskParts:
    """What :class:`PeopleDesk` works on; ``look_anew`` has sessions checked anew in this process."""

    users: UserStore
    changes: UserChanges
    passwords: PasswordRoom
    trail: ActionTrail
    look_anew: Callable[[], None]
    clock: Clock


class PeopleDesk:
    """What admins see and do about people. Raises :class:`ForbiddenError` when they may not, which is on record.

    Whoever acts is read again from the store: a role that was taken away a moment ago allows nothing here.
    """

    __slots__ = ("_parts", "_refused")

    def __init__(self, parts: PeopleDeskParts) -> None:
        self._parts = parts
        self._refused: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def people(self, person: Principal) -> Sequence[PersonView]:
        """Return everybody by e-mail address."""
        require(person, "access.read")
        now = self._parts.clock.utcnow()
        return [person_view(each, now) for each in await self._parts.users.list()]

    async def one(self, user_id: str, person: Principal) -> PersonView:
        """Return one person. Raises :class:`NotFoundError`."""
        require(person, "access.read")
        return person_view(await self._found(user_id), self._parts.clock.utcnow())

    async def create(self, order: PersonOrder, person: Principal) -> Handover:
        """Make a person, with what they get in with the first time.

        Raises :class:`ValidationError` for a bad or taken address and for unknown accounts.
        """
        email, parts = plain_address(order.email), self._parts
        _require_distinct(order.accounts)
        actor = await self._allowed(person, "create", None, order.role, email)
        blank = UserRecord(
            id=new_ulid(parts.clock).lower(), email=email, password_hash="", role=order.role,
            accounts=order.accounts, is_active=True, created_at=parts.clock.utcnow(),
        )  # fmt: skip
        user, given = await self._given(blank, order.first_access)
        after = {"role": user.role, "accounts": list(user.accounts), "firstAccess": order.first_access}
        await parts.trail.carry_out(self._act(actor, "user.created", user, after=after), parts.users.create(user))
        return given

    async def change(self, user_id: str, change: PersonChange, person: Principal) -> PersonView:
        """Change role, accounts, or whether they may sign in; a new role and disabling end their sessions.

        Raises :class:`NotFoundError`, :class:`ValidationError`, and :class:`ConflictError` for the last in charge.
        """
        parts, user = self._parts, await self._found(user_id, person)
        wanted, actor = user, person
        _require_distinct(change.accounts or ())
        for act, field, value in _asked(user, change):
            actor = await self._allowed(person, act, user, value if act == "role" else None, user.email)
            wanted = structs.replace(wanted, **{field: value})
        if wanted is user:
            await self._allowed(person, "accounts", user, None, user.email)
            return person_view(user, parts.clock.utcnow())
        if wanted.role != user.role or (user.is_active and not wanted.is_active):
            wanted = structs.replace(wanted, generation=user.generation + 1)
        before, after = _told(user, wanted)
        told = self._act(actor, _verb(user, wanted), user, before=before, after=after)
        kept = await parts.trail.carry_out(told, parts.changes.change(wanted))
        parts.look_anew()
        return person_view(kept, parts.clock.utcnow())

    async def reset_password(self, user_id: str, order: AccessOrder, person: Principal) -> Handover:
        """End a person's password, sessions and bond to a sign-in provider, and give them a way in to choose another.

        Raises as :meth:`change`.
        """
        parts, user = self._parts, await self._found(user_id, person)
        actor = await self._allowed(person, "reset", user, None, user.email)
        fresh, given = await self._given(structs.replace(user, generation=user.generation + 1), order.first_access)
        act = self._act(actor, "user.password_reset", user, after={"firstAccess": order.first_access})
        await parts.trail.carry_out(act, parts.changes.change(fresh))
        parts.look_anew()
        return given

    async def remove(self, user_id: str, person: Principal) -> PersonView:
        """Remove a person for good; what they did stays on record. Raises as :meth:`change` does."""
        parts, user = self._parts, await self._found(user_id, person)
        actor = await self._allowed(person, "remove", user, None, user.email)
        before = {"role": user.role, "accounts": list(user.accounts), "isActive": user.is_active}
        await parts.trail.carry_out(self._act(actor, "user.removed", user, before=before), parts.changes.remove(user))
        parts.look_anew()
        return person_view(user, parts.clock.utcnow())

    async def report_refused(self, person: Principal, permission: str, wanted: str) -> None:
        """Have it on record, once a minute, that ``person`` wanted to act on people or accounts and may not."""
        now, key = self._parts.clock.now(), (person.id, permission)
        if permission not in _GUARDED or now - self._refused.get(key, -_PAUSE_S) < _PAUSE_S:
            return
        self._refused[key] = now
        self._refused.move_to_end(key)
        if len(self._refused) > _MOST_REMEMBERED:
            self._refused.popitem(last=False)
        detail: Detail = {"wanted": wanted[:_MOST_WANTED]}
        act = act_of(person, "access.refused", permission, self._parts.clock, detail=detail)
        await self._parts.trail.report(act)

    async def acting(self, person: Principal) -> Principal:
        """Return ``person`` as the store has them now. Raises :class:`ForbiddenError` for who is no more."""
        if person.kind != "person":
            return person
        user = await self._parts.users.by_id(person.id)
        if user is None or not user.is_active:
            raise ForbiddenError("Your role does not allow this")
        return structs.replace(person, role=user.role, accounts=user.accounts)

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _allowed(
        self, person: Principal, act: PersonAct, target: UserRecord | None, role: PersonRole | None, name: str
    ) -> Principal:
        """Return who acts, as they are now. Raises :class:`ForbiddenError`, once the attempt is on record."""
        actor = await self.acting(person)
        reason = why_not(actor, act, target, role)
        if reason is not None:
            detail: Detail = {"wanted": act if role is None else f"{act} {role}", "reason": reason}
            await self._parts.trail.report(act_of(actor, "user.refused", name, self._parts.clock, detail=detail))
            raise ForbiddenError(reason)
        return actor

    async def _found(self, user_id: str, person: Principal | None = None) -> UserRecord:
        user = await self._parts.users.by_id(user_id)
        if user is None:
            if person is not None:
                require(person, "users.edit")  # who may not act here does not learn who there is
            raise NotFoundError("There is no such person")
        return user

    async def _given(self, user: UserRecord, access: FirstAccess) -> tuple[UserRecord, Handover]:
        """Return ``user`` with a new way in, and what is handed over."""
        now = self._parts.clock.utcnow()
        if access == "link":
            invitation, until = new_invitation(), now + INVITATION_LIFE
            user = structs.replace(
                user, password_hash="", must_change=False, invitation_hash=invitation.digest, invited_until=until,
                openid=None,
            )  # fmt: skip
            path = INVITATION_PATH + invitation.token.reveal()
            return user, Handover(person=person_view(user, now), link=path, link_ends_at=until)
        password = generate_password()
        user = structs.replace(
            user, password_hash=await self._parts.passwords.hash(password), must_change=True, invitation_hash=None,
            invited_until=None, openid=None,
        )  # fmt: skip
        return user, Handover(person=person_view(user, now), password=password.reveal())

    def _act(
        self,
        person: Principal,
        verb: str,
        user: UserRecord,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> OperatorAction:
        return act_of(person, verb, user.email, self._parts.clock, before=before, after=after)


def plain_address(email: str) -> str:
    """Return an e-mail address as it is kept. Raises :class:`ValidationError`."""
    address = email.strip().lower()
    if not _ADDRESS.fullmatch(address) or len(address) > _MOST_EMAIL or not address.isprintable():
        raise ValidationError("`email` must be an e-mail address", field="email")
    return address


def _require_distinct(accounts: Sequence[str]) -> None:
    if len(set(accounts)) < len(accounts):
        raise ValidationError("`accounts` names one twice", field="accounts")


def _asked(user: UserRecord, change: PersonChange) -> list[tuple[PersonAct, str, Any]]:
    """Return what ``change`` makes different of ``user``: the act, the field, and its new value."""
    found: list[tuple[PersonAct, str, Any]] = []
    if change.role is not UNSET and change.role != user.role:
        found.append(("role", "role", change.role))
    if change.accounts is not UNSET and change.accounts != user.accounts:
        found.append(("accounts", "accounts", change.accounts))
    if change.is_active is not UNSET and change.is_active != user.is_active:
        found.append(("enable" if change.is_active else "disable", "is_active", change.is_active))
    return found


def _told(old: UserRecord, new: UserRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is on record of a change, before and after."""
    facts = [{"role": each.role, "accounts": list(each.accounts), "isActive": each.is_active} for each in (old, new)]
    names = [name for name in facts[0] if facts[0][name] != facts[1][name]]
    return {name: facts[0][name] for name in names}, {name: facts[1][name] for name in names}


def _verb(old: UserRecord, new: UserRecord) -> str:
    if old.is_active != new.is_active:
        return "user.enabled" if new.is_active else "user.disabled"
    return "user.role_changed" if old.role != new.role else "user.accounts_changed"
