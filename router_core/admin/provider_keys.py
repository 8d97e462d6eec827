"""The facade of providers' keys: they are entered, replaced, weighed, put aside and forgotten, and never shown."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Struct, structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import Detail, act_of
from router_core.admin.provider_key_views import KeyView, StandingKeys, StoredKeyView, key_view, stored_key_view
from router_core.clock import Clock, new_ulid
from router_core.errors import NotFoundError, ValidationError, mask_api_key, sanitize_message
from router_core.ports import ConfigSource, KeyUseLog, ProviderKeyStore
from router_core.ports.keeping import refuse_provider_key
from router_core.security.permissions import require
from router_core.security.provider_key_text import checked_key
from router_core.security.stored_keys import sealed_place
from router_core.security.vault.key_manager import KeyManager, version_of
from router_core.types import KeyPatch, OperatorAction, Principal, ProviderConfig, ProviderKey, SealedSecret, Secret
from router_core.types.key_place import key_place

__all__ = ["KeyChange", "KeyNotice", "KeyOrder", "ProviderKeyDesk", "ProviderKeyParts"]

MOST_KEYS: Final = 20
LONGEST_LABEL: Final = 60


class KeyOrder(Struct, frozen=True, kw_only=True):
    """A key to store. ``weight`` is its share where a row has several."""

    key: Secret
    label: str = ""
    weight: int = 100


class KeyChange(Struct, frozen=True, kw_only=True):
    """What changes in a stored key; None leaves as it is. ``key`` takes the place of the one that is stored."""

    key: Secret | None = None
    label: str | None = None
    weight: int | None = None
    active: bool | None = None


class KeyNotice(Struct, frozen=True, kw_only=True):
    """What somebody should see to about a key of a provider."""

    provider: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKeyParts:
    """What :class:`ProviderKeyDesk` works on.

    ``config`` follows the store; ``standing`` returns the keys that may go to a row's host; ``refresh`` makes a change
    felt in this process at once; ``renew`` has ``manager`` follow the store.
    """

    config: ConfigSource
    store: ProviderKeyStore
    use: KeyUseLog
    manager: KeyManager
    renew: Callable[[], Awaitable[object]]
    standing: Callable[[ProviderConfig], StandingKeys]
    trail: ActionTrail
    refresh: Callable[[], Awaitable[object]]
    clock: Clock


class ProviderKeyDesk:
    """What people see and do about keys of providers. A key goes in and never comes out.

    Every method with a ``person`` raises :class:`ForbiddenError` when their role does not allow it, and
    :class:`NotFoundError` for a provider or a key that does not exist.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: ProviderKeyParts) -> None:
        self._parts = parts

    def view(self, row: ProviderConfig) -> KeyView:
        """Return where the key of ``row`` comes from."""
        held = self._parts.config.snapshot().provider_keys.get(row.id, ())
        return key_view(row, held, self._parts.standing(row), self._parts.clock.utcnow())

    def notices(self) -> Sequence[KeyNotice]:
        """Return what somebody should see to about the keys of active providers."""
        rows = (row for row in self._parts.config.snapshot().providers if row.is_active)
        return [KeyNotice(provider=row.name, text=text) for row in rows for text in self.view(row).notices]

    async def keys(self, name: str, person: Principal) -> tuple[StoredKeyView, ...]:
        """Return the stored keys of the provider ``name``, oldest first."""
        require(person, "providers.read")
        row = await self._row(name)
        used = await self._parts.use.last_used(row.id)
        standing, now = self._parts.standing(row), self._parts.clock.utcnow()
        return tuple(stored_key_view(key, row, standing, used.get(key.id), now) for key in self._held(row))

    async def add_key(self, name: str, order: KeyOrder, person: Principal) -> StoredKeyView:
        """Store a key for the provider ``name``, in force in every process within 2 s.

        Raises :class:`ValidationError` that names the field.
        """
        require(person, "provider_keys.edit")
        secret, label, parts = checked_key(order.key), _checked_label(order.label), self._parts
        refuse_provider_key(order.weight)
        row = await self._row(name)
        if len(self._held(row)) >= MOST_KEYS:
            raise ValidationError(f"a provider may have {MOST_KEYS} keys at most", field="key")
        key_id, now = new_ulid(parts.clock).lower(), parts.clock.utcnow()
        key = ProviderKey(
            id=key_id, provider_id=row.id, label=label, weight=order.weight, secret=self._sealed(secret, key_id, row),
            created_by=person.name, created_at=now, changed_by=person.name, changed_at=now,
        )  # fmt: skip
        await parts.trail.require(self._act(person, "provider_key.added", row, key, {"weight": key.weight}))
        await self._put(
            key.secret,
            lambda: self._sealed(secret, key_id, row),
            lambda sealed: parts.store.add_key(structs.replace(key, secret=sealed)),
        )
        return await self._shown(name, key_id)

    async def change_key(self, name: str, key_id: str, change: KeyChange, person: Principal) -> StoredKeyView:
        """Change a stored key, in force in every process within 2 s; a new one is entered for where the row leads now.

        Raises :class:`ValidationError` that names the field.
        """
        require(person, "provider_keys.edit")
        secret = None if change.key is None else checked_key(change.key)
        label = None if change.label is None else _checked_label(change.label)
        refuse_provider_key(change.weight)
        row, old = await self._found(name, key_id)
        sealed = None if secret is None else self._sealed(secret, key_id, row)
        values = {"label": label, "weight": change.weight, "active": change.active}
        after: Detail = {each: value for each, value in values.items() if value is not None}
        before: Detail = {"label": old.label, "weight": old.weight, "active": old.is_active}
        if sealed is not None:
            before["mask"], after["mask"] = old.secret.mask, sealed.mask
        verb = "provider_key.changed" if sealed is None else "provider_key.replaced"
        act = self._act(person, verb, row, old, after, {each: before[each] for each in after})
        await self._parts.trail.require(act)
        patch = KeyPatch(
            by=person.name, at=self._parts.clock.utcnow(), label=label, weight=change.weight, is_active=change.active,
            secret=sealed,
        )  # fmt: skip
        if secret is None or sealed is None:
            await self._parts.store.change_key(key_id, patch)
        else:
            await self._put(
                sealed,
                lambda: self._sealed(secret, key_id, row),
                lambda sealed: self._parts.store.change_key(key_id, structs.replace(patch, secret=sealed)),
            )
        return await self._shown(name, key_id)

    async def remove_key(self, name: str, key_id: str, person: Principal) -> StoredKeyView:
        """Forget a stored key for good, in every process within 2 s; return how it was."""
        require(person, "provider_keys.edit")
        row, old = await self._found(name, key_id)
        view = stored_key_view(old, row, self._parts.standing(row), None, self._parts.clock.utcnow())
        await self._parts.trail.require(self._act(person, "provider_key.deleted", row, old, None))
        await self._parts.store.remove_key(key_id)
        await self._parts.refresh()
        return view

    # --- inside ----------------------------------------------------------------------------------------------------

    def _sealed(self, secret: Secret, key_id: str, row: ProviderConfig) -> SealedSecret:
        sealed = self._parts.manager.seal(sealed_place(key_id, row.account_id), secret)
        return SealedSecret(
            sealed=sealed, key_version=version_of(sealed) or 0, mask=mask_api_key(secret.reveal()),
            place=key_place(row), account_id=row.account_id, entered_at=self._parts.clock.utcnow(),
        )  # fmt: skip

    async def _put(
        self, sealed: SealedSecret, seal: Callable[[], SealedSecret], put: Callable[[SealedSecret], Awaitable[object]]
    ) -> None:
        """Have ``sealed`` stored, sealed once more where its data key was retired before this process heard of it."""
        try:
            await put(sealed)
        except ValidationError:
            ring = self._parts.manager.ring
            await self._parts.renew()
            if self._parts.manager.ring is ring:
                raise
            await put(seal())

    def _act(
        self,
        person: Principal,
        verb: str,
        row: ProviderConfig,
        key: ProviderKey,
        after: Detail | None,
        before: Detail | None = None,
    ) -> OperatorAction:
        detail: Detail = {"key": key.id, "mask": key.secret.mask, "label": key.label}
        return act_of(
            person, verb, row.name, self._parts.clock, detail=detail, before=before, after=after,
            account_id=row.account_id,
        )  # fmt: skip

    def _held(self, row: ProviderConfig) -> Sequence[ProviderKey]:
        return self._parts.config.snapshot().provider_keys.get(row.id, ())

    async def _row(self, name: str) -> ProviderConfig:
        await self._parts.refresh()
        row = self._parts.config.snapshot().by_name.get(name)
        if row is None:
            raise NotFoundError("There is no such provider")
        return row

    async def _found(self, name: str, key_id: str) -> tuple[ProviderConfig, ProviderKey]:
        row = await self._row(name)
        key = next((each for each in self._held(row) if each.id == key_id), None)
        if key is None:
            raise NotFoundError("The provider has no such key")
        return row, key

    async def _shown(self, name: str, key_id: str) -> StoredKeyView:
        """Return the key as it is after a change, which this process follows at once."""
        row, key = await self._found(name, key_id)
        return stored_key_view(key, row, self._parts.standing(row), None, self._parts.clock.utcnow())


def _checked_label(label: str) -> str:
    """Return ``label`` without blanks around it and without secrets. Raises :class:`ValidationError`."""
    said = label.strip()
    if len(said) > LONGEST_LABEL or not said.isprintable():
        raise ValidationError(f"`label` must be one line of at most {LONGEST_LABEL} characters", field="label")
    return sanitize_message(said)
