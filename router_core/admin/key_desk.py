"""The facade of API keys: who has which, and the way to make, change, roll and revoke them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import UNSET, structs, to_builtins

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.admin.key_rules import check_end, checked_scopes, require_reach
from router_core.admin.key_views import (
    KeyBudget,
    KeyChange,
    KeyChoices,
    KeyNotice,
    KeyOrder,
    KeyState,
    KeyView,
    MadeKey,
    NamedAccount,
    RollOrder,
)
from router_core.admin.names import plain_name
from router_core.clock import Clock
from router_core.errors import ConflictError, ForbiddenError, NotFoundError, ValidationError
from router_core.ports import AccountStore, ApiKeyLives, ApiKeyRecord, ApiKeyStore, ConfigSource
from router_core.security.api_keys import NewApiKey, new_api_key
from router_core.security.permissions import require
from router_core.types import (
    STANDARD_USE_CASES,
    BudgetBook,
    KeyRole,
    KeyScopes,
    OperatorAction,
    Principal,
)
from router_core.types.identity import UNLIMITED
from router_core.types.request import EMBEDDING_MODEL, EMBEDDINGS_USE_CASE

__all__ = ["KeyDesk", "KeyDeskParts"]

OLD_AFTER: Final = timedelta(days=90)
NEWS_FOR: Final = timedelta(days=7)
MOST_GRACE_S: Final = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDeskParts:
    """What :class:`KeyDesk` works on: ``routes`` are the paths that a key can be limited to, ``forget`` makes the end
    of a key felt here at once.
    """

    keys: ApiKeyStore
    lives: ApiKeyLives
    accounts: AccountStore
    config: ConfigSource
    routes: frozenset[str]
    pepper: bytes
    trail: ActionTrail
    forget: Callable[[str], None]
    clock: Clock


class KeyDesk:
    """What people and admin keys see and do about API keys of every account.

    Raises :class:`ForbiddenError` when their role does not allow it, and for a key that reaches more or lasts longer
    than the key that acts: it can neither make nor touch such a one, nor change itself.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: KeyDeskParts) -> None:
        self._parts = parts

    async def list(self, person: Principal, account_id: str | None = None) -> Sequence[KeyView]:
        """Return the keys of an account, or all, newest first, never their secrets."""
        require(person, "access.read")
        names = {each.id: each.name for each in await self._parts.accounts.list()}
        budgets, now = self._parts.config.snapshot().budgets, self._parts.clock.utcnow()
        return [_view(each, names, budgets, now) for each in await self._parts.keys.list(account_id)]

    async def choices(self, person: Principal) -> KeyChoices:
        """Return for whom keys can be made, and what they can be limited to."""
        require(person, "keys.edit")
        found = await self._parts.accounts.list()
        return KeyChoices(
            accounts=tuple(NamedAccount(id=each.id, name=each.name) for each in found if each.is_active),
            routes=tuple(sorted(self._parts.routes)),
            use_cases=tuple(sorted(self._use_cases())),
            models=tuple(sorted(self._models())),
        )

    async def make(self, order: KeyOrder, person: Principal) -> MadeKey:
        """Make a key; its text is in the answer and nowhere else.

        Raises :class:`ValidationError` that names the field.
        """
        require(person, "keys.edit")
        parts, maker = self._parts, await self._maker(person)
        account = await parts.accounts.by_id(order.account_id)
        if account is None or account.removed_at is not None:
            raise ValidationError("`accountId` names no account", field="accountId")
        if not account.is_active:
            raise ValidationError("`accountId` names an account that is out of service", field="accountId")
        name = plain_name(order.name or f"{account.name} {order.role}"[:100])
        check_end(order.expires_at, parts.clock.utcnow())
        scopes = checked_scopes(order.scopes, parts.routes, self._use_cases(), self._models(order.scopes))
        require_reach(scopes, order.expires_at, maker)
        made = self._new(account.id, order.role, name, order.expires_at, scopes)
        await parts.trail.require(self._act(person, "key.created", made.record, after=_told(made.record)))
        await parts.keys.create(made.record)
        return MadeKey(id=made.id, key=made.key.reveal())

    async def change(self, key_id: str, change: KeyChange, person: Principal) -> KeyView:
        """Give a key another name or end. Raises :class:`NotFoundError` and :class:`ValidationError`."""
        require(person, "keys.edit")
        if person.kind == "key" and person.id == key_id:
            raise ForbiddenError("A key cannot change itself")
        parts, maker = self._parts, await self._maker(person)
        before = await self._reached(key_id, maker)
        if _state(before, parts.clock.utcnow()) in ("revoked", "expired"):
            raise ValidationError("a key that is over cannot be changed", field="id")
        after = before
        if change.name is not UNSET:
            after = structs.replace(after, name=plain_name(change.name))
        if change.expires_at is not UNSET:
            check_end(change.expires_at, parts.clock.utcnow())
            if before.replaced_by is not None:
                raise ValidationError("a key that was rolled ends with its grace", field="expiresAt")
            after = structs.replace(after, expires_at=change.expires_at)
        require_reach(after.scopes, after.expires_at, maker)
        act = self._act(person, "key.changed", before, before=_told(before), after=_told(after))
        await parts.trail.require(act)
        await parts.lives.change(key_id, after.name, after.expires_at)
        parts.forget(key_id)
        return await self._shown(key_id)

    async def revoke(self, key_id: str, person: Principal) -> KeyView:
        """End a key, here with its next request and in every process within 5 s. Raises :class:`NotFoundError`."""
        require(person, "keys.edit")
        parts = self._parts
        before = await self._reached(key_id, await self._maker(person))
        act = self._act(
            person, "key.revoked", before, before={"revoked": before.revoked_at is not None}, after={"revoked": True}
        )
        await parts.trail.require(act)
        await parts.keys.revoke(key_id, parts.clock.utcnow())
        parts.forget(key_id)
        return await self._shown(key_id)

    async def roll(self, key_id: str, order: RollOrder, person: Principal) -> MadeKey:
        """Make a key in the place of one that ends with its grace: same account, role, name, scopes and length of life.

        Raises :class:`NotFoundError`, :class:`ValidationError` for a key that is over, and :class:`ConflictError` for
        one that was rolled before.
        """
        require(person, "keys.edit")
        if not 0 <= order.grace_s <= MOST_GRACE_S:
            raise ValidationError("`graceS` must be from 0 to 30 days", field="graceS")
        parts, maker, now = self._parts, await self._maker(person), self._parts.clock.utcnow()
        old = await self._reached(key_id, maker)
        if old.replaced_by is not None:
            raise ConflictError("The key was rolled already")
        if _state(old, now) != "active":
            raise ValidationError("a key that is over cannot be rolled", field="id")
        life = None if old.expires_at is None else now + (old.expires_at - old.created_at)
        require_reach(old.scopes, life, maker)
        made = self._new(old.account_id, old.role, old.name, life, old.scopes)
        end = now + timedelta(seconds=order.grace_s)
        end = end if old.expires_at is None else min(end, old.expires_at)
        detail = {"successor": made.id, "graceS": order.grace_s}
        act = self._act(person, "key.rolled", old, before=_told(old), after={"expiresAt": end}, detail=detail)
        await parts.trail.require(act)
        if not await parts.lives.roll(key_id, made.record, end):
            raise ConflictError("The key was rolled or revoked in this moment")
        parts.forget(key_id)
        return MadeKey(id=made.id, key=made.key.reveal(), replaces=key_id, replaced_until=end)

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _maker(self, person: Principal) -> ApiKeyRecord | None:
        """Return the key that acts, None for a person. Raises :class:`ForbiddenError` for one that is gone."""
        if person.kind != "key":
            return None
        found = await self._parts.keys.by_id(person.id)
        if found is None:
            raise ForbiddenError("The key that acts is gone")
        return found

    async def _reached(self, key_id: str, maker: ApiKeyRecord | None) -> ApiKeyRecord:
        found = await self._parts.keys.by_id(key_id)
        if found is None:
            raise NotFoundError("There is no such API key")
        if maker is None or maker.id != key_id:
            require_reach(found.scopes, found.expires_at, maker)
        return found

    async def _shown(self, key_id: str) -> KeyView:
        found = await self._parts.keys.by_id(key_id)
        if found is None:
            raise NotFoundError("There is no such API key")
        account = await self._parts.accounts.by_id(found.account_id)
        names = {} if account is None else {account.id: account.name}
        return _view(found, names, self._parts.config.snapshot().budgets, self._parts.clock.utcnow())

    def _new(
        self, account_id: str, role: KeyRole, name: str, expires_at: datetime | None, scopes: KeyScopes
    ) -> NewApiKey:
        parts = self._parts
        return new_api_key(
            parts.pepper, parts.clock, account_id=account_id, role=role, name=name, expires_at=expires_at, scopes=scopes
        )

    def _act(self, person: Principal, verb: str, key: ApiKeyRecord, **told: Any) -> OperatorAction:
        return act_of(person, verb, key.id, self._parts.clock, account_id=key.account_id, **told)

    def _use_cases(self) -> set[str]:
        snapshot = self._parts.config.snapshot()
        return {*STANDARD_USE_CASES, EMBEDDINGS_USE_CASE, *snapshot.use_cases(), *snapshot.policies}

    def _models(self, scopes: KeyScopes = UNLIMITED) -> set[str]:
        """Return the models of providers, and those that ``scopes`` names for embeddings, which need none."""
        embedding = {each for each in scopes.models or () if EMBEDDING_MODEL.fullmatch(each)}
        return {each.model for each in self._parts.config.snapshot().providers} | embedding


def _view(key: ApiKeyRecord, names: dict[str, str], budgets: BudgetBook, now: datetime) -> KeyView:
    return KeyView(
        id=key.id,
        prefix=f"sbx_{key.id}_",
        account_id=key.account_id,
        account=names.get(key.account_id, key.account_id),
        role=key.role,
        name=key.name,
        state=_state(key, now),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        replaced_by=key.replaced_by,
        scopes=key.scopes,
        budgets=tuple(KeyBudget(period=each.period, limit=each.limit) for each in budgets.of("key", key.id)),
        notices=tuple(_notices(key, now)),
        woken_at=key.woken_at,
        idle_since=key.idle_since,
    )


def _state(key: ApiKeyRecord, now: datetime) -> KeyState:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "active" if key.replaced_by is None else "ending"


def _notices(key: ApiKeyRecord, now: datetime) -> list[KeyNotice]:
    if _state(key, now) != "active":
        return []
    found: list[KeyNotice] = []
    if key.woken_at is not None and now - key.woken_at < NEWS_FOR:
        found.append("woken")
    if key.expires_at is not None and key.expires_at - now < NEWS_FOR:
        found.append("expiring")
    if now - key.created_at >= OLD_AFTER:
        found.append("old")
    return found


def _told(key: ApiKeyRecord) -> dict[str, Any]:
    """Return what of a key is on record; nothing of it is secret."""
    told: dict[str, Any] = to_builtins(
        {"role": key.role, "name": key.name, "expiresAt": key.expires_at, "scopes": key.scopes}
    )
    return told
