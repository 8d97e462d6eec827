"""The facade of accounts: what there is, and the way to make, change and remove one."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import UNSET, structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.admin.names import plain_name
from router_core.admin.people_views import AccountChange, AccountOrder, AccountView, account_view
from router_core.clock import Clock, new_ulid
from router_core.errors import NotFoundError, ValidationError
from router_core.ports import AccountChanges, AccountRecord, AccountStore, ApiKeyStore, UserStore
from router_core.security.permissions import require
from router_core.types import Principal

__all__ = ["AccountDesk", "AccountDeskParts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDeskParts:
    """What :class:`AccountDesk` works on. ``acting`` reads who acts again, ``refresh`` makes a change felt here at
    once, ``timezone`` is the calendar of accounts that name none.
    """

    accounts: AccountStore
    changes: AccountChanges
    users: UserStore
    keys: ApiKeyStore
    acting: Callable[[Principal], Awaitable[Principal]]
    trail: ActionTrail
    refresh: Callable[[], Awaitable[object]]
    timezone: str
    clock: Clock


class AccountDesk:
    """What admins see and do about accounts. Raises :class:`ForbiddenError` when their role does not allow it."""

    __slots__ = ("_parts",)

    def __init__(self, parts: AccountDeskParts) -> None:
        self._parts = parts

    async def accounts(self, person: Principal) -> Sequence[AccountView]:
        """Return all accounts by name, with how many people and keys each has."""
        require(person, "access.read")
        parts = self._parts
        people = Counter(each for user in await parts.users.list() for each in user.accounts)
        keys = Counter(key.account_id for key in await parts.keys.list() if key.revoked_at is None)
        return [account_view(each, people[each.id], keys[each.id]) for each in await parts.accounts.list()]

    async def one(self, account_id: str, person: Principal) -> AccountView:
        """Return one account. Raises :class:`NotFoundError`."""
        require(person, "access.read")
        return account_view(await self._found(account_id))

    async def names(self, person: Principal) -> Mapping[str, str]:
        """Return the names of all accounts by id, of those that were removed too."""
        require(person, "access.read")
        found = [*await self._parts.changes.removed(), *await self._parts.accounts.list()]
        return {each.id: each.name for each in found}

    async def create(self, order: AccountOrder, person: Principal) -> AccountView:
        """Make an account. Raises :class:`ValidationError` that names the field."""
        parts, actor = self._parts, await self._admitted(person, "accounts.edit")
        account = AccountRecord(
            id=new_ulid(parts.clock).lower(), name=plain_name(order.name), is_active=True,
            timezone=_zone(parts.timezone if order.timezone is None else order.timezone),
            created_at=parts.clock.utcnow(),
        )  # fmt: skip
        act = act_of(
            actor, "account.created", account.name, parts.clock, account_id=account.id,
            after={"name": account.name, "timezone": account.timezone},
        )  # fmt: skip
        await parts.trail.carry_out(act, parts.accounts.create(account))
        await parts.refresh()
        return account_view(account)

    async def change(self, account_id: str, change: AccountChange, person: Principal) -> AccountView:
        """Change name, time zone, whether it is served, and what the audit log keeps of its prompts and answers.

        In force in every process within 5 s. Raises :class:`NotFoundError`, and :class:`ValidationError` that names
        the field.
        """
        parts, actor = self._parts, await self._admitted(person, "accounts.edit")
        account = await self._found(account_id)
        wanted = structs.replace(account, **_checked(change))
        before, after = _told(account, wanted)
        if not after:
            return account_view(account)
        act = act_of(
            actor, "account.changed", account.name, parts.clock, before=before, after=after, account_id=account.id
        )
        await parts.trail.carry_out(act, parts.changes.change(wanted))
        await parts.refresh()
        return account_view(wanted)

    async def remove(self, account_id: str, person: Principal) -> AccountView:
        """Take an account out of service for good: its keys are revoked, nobody belongs to it, its name is free.

        What was spent and recorded stays. Raises :class:`NotFoundError`.
        """
        parts, actor = self._parts, await self._admitted(person, "accounts.delete")
        account = await self._found(account_id)
        act = act_of(actor, "account.removed", account.name, parts.clock, before=_facts(account), account_id=account.id)
        await parts.trail.carry_out(act, self._take_out(account))
        await parts.refresh()
        return account_view(structs.replace(account, is_active=False))

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _take_out(self, account: AccountRecord) -> None:
        parts, now = self._parts, self._parts.clock.utcnow()
        await parts.changes.remove(account.id, now)
        for key in await parts.keys.list(account.id):
            await parts.keys.revoke(key.id, now)

    async def _admitted(self, person: Principal, permission: str) -> Principal:
        actor = await self._parts.acting(person)
        require(actor, permission)
        return actor

    async def _found(self, account_id: str) -> AccountRecord:
        account = await self._parts.accounts.by_id(account_id)
        if account is None or account.removed_at is not None:
            raise NotFoundError("There is no such account")
        return account


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(
            "`timezone` must be the name of a time zone, like Europe/Berlin", field="timezone"
        ) from None


def _checked(change: AccountChange) -> dict[str, Any]:
    found = {name: value for name, value in structs.asdict(change).items() if value is not UNSET}
    if "name" in found:
        found["name"] = plain_name(cast("str", found["name"]))
    if "timezone" in found:
        found["timezone"] = _zone(cast("str", found["timezone"]))
    return found


def _facts(account: AccountRecord) -> dict[str, Any]:
    return {
        "name": account.name, "timezone": account.timezone, "isActive": account.is_active,
        "keepsContent": account.keeps_content, "redaction": account.redaction,
    }  # fmt: skip


def _told(old: AccountRecord, new: AccountRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = _facts(old), _facts(new)
    names = [name for name in before if before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}
