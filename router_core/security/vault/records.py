"""The steps of the vault's record: each makes the next record of one, and changes nothing itself."""

import secrets
from datetime import datetime
from typing import Final

from msgspec import structs

from router_core.security.vault.faults import DamagedKeysError, WrongMasterKeyError
from router_core.security.vault.key_ring import KEY_BYTES, KeyRing, RingKey
from router_core.security.vault.master import SALT_BYTES, MasterKey, MasterSecret, RootSecret
from router_core.types.vault import ROOT, DataKey, MasterSlot, VaultRecord, Wrap, wrap_name

__all__ = ["OpenSlot", "first_record", "only_slot", "open_slot", "promoted", "retired", "staged", "with_slot"]

_CANARY: Final = "canary"
_CANARY_TEXT: Final = b"signalbox"


class OpenSlot:
    """A slot of a record with the master key that opens it."""

    __slots__ = ("_master", "id")

    def __init__(self, slot_id: str, master: MasterKey) -> None:
        self.id = slot_id
        self._master = master

    def root(self, record: VaultRecord) -> RootSecret:
        """Return the root secret of ``record``. Raises :class:`DamagedKeysError`."""
        return RootSecret(self.unwrap(record, ROOT))

    def ring(self, record: VaultRecord) -> KeyRing:
        """Return the data keys of ``record``. Raises :class:`DamagedKeysError`."""
        try:
            return KeyRing(
                RingKey(each.version, each.state, self.unwrap(record, wrap_name(each.version)))
                for each in record.keys
                if each.state != "retired"
            )
        except ValueError:
            raise DamagedKeysError from None

    def unwrap(self, record: VaultRecord, name: str) -> bytes:
        """Return the key of ``record`` called ``name``. Raises :class:`DamagedKeysError`."""
        for wrap in record.wraps:
            if wrap.slot == self.id and wrap.name == name:
                try:
                    return self._master.unwrap(name, wrap.sealed)
                except WrongMasterKeyError:
                    raise DamagedKeysError from None
        raise DamagedKeysError

    def wrap(self, name: str, plain: bytes) -> Wrap:
        """Return ``plain`` wrapped as the key called ``name``."""
        return Wrap(slot=self.id, name=name, sealed=self._master.wrap(name, plain))


def open_slot(record: VaultRecord, secret: MasterSecret) -> OpenSlot:
    """Return the slot that ``secret`` opens. Raises :class:`WrongMasterKeyError` when it opens none."""
    for slot in record.slots:
        master = secret.under(slot.salt)
        try:
            master.unwrap(_CANARY, slot.canary)
        except WrongMasterKeyError:
            continue
        return OpenSlot(slot.id, master)
    raise WrongMasterKeyError


def first_record(secret: MasterSecret, slot_id: str, now: datetime, root: bytes | None = None) -> VaultRecord:
    """Return the record of a vault with one slot and one data key; its root secret is ``root``, else a new one."""
    slot, opened = _new_slot(secret, slot_id, now)
    wraps = (
        opened.wrap(wrap_name(1), secrets.token_bytes(KEY_BYTES)),
        opened.wrap(ROOT, root or secrets.token_bytes(KEY_BYTES)),
    )
    first = DataKey(version=1, state="primary", created_at=now, promoted_at=now)
    return VaultRecord(generation=1, slots=(slot,), wraps=wraps, keys=(first,))


def staged(record: VaultRecord, opened: OpenSlot, now: datetime) -> VaultRecord:
    """Return ``record`` with a new data key that is known and not used yet; it must have one slot, ``opened``."""
    version = max(each.version for each in record.keys) + 1
    wrap = opened.wrap(wrap_name(version), secrets.token_bytes(KEY_BYTES))
    made = DataKey(version=version, state="staged", created_at=now)
    return _next(record, wraps=(*record.wraps, wrap), keys=(*record.keys, made))


def promoted(record: VaultRecord, now: datetime) -> VaultRecord:
    """Return ``record`` with its staged data key as the primary one; what was primary drains."""

    def after(key: DataKey) -> DataKey:
        match key.state:
            case "staged":
                return structs.replace(key, state="primary", promoted_at=now)
            case "primary":
                return structs.replace(key, state="draining")
            case _:
                return key

    return _next(record, keys=tuple(map(after, record.keys)))


def retired(record: VaultRecord, versions: set[int], now: datetime) -> VaultRecord:
    """Return ``record`` without the data keys of ``versions``, which drain; that they were there is kept."""
    names = {wrap_name(each) for each in versions}
    keys = tuple(
        structs.replace(each, state="retired", retired_at=now) if each.version in versions else each
        for each in record.keys
    )
    return _next(record, wraps=tuple(each for each in record.wraps if each.name not in names), keys=keys)


def with_slot(record: VaultRecord, opened: OpenSlot, secret: MasterSecret, slot_id: str, now: datetime) -> VaultRecord:
    """Return ``record`` with every key wrapped under ``secret`` too."""
    slot, new = _new_slot(secret, slot_id, now)
    wraps = [new.wrap(each.name, opened.unwrap(record, each.name)) for each in record.wraps if each.slot == opened.id]
    return _next(record, slots=(*record.slots, slot), wraps=(*record.wraps, *wraps))


def only_slot(record: VaultRecord, slot_id: str) -> VaultRecord:
    """Return ``record`` with that slot alone."""
    return _next(
        record,
        slots=tuple(each for each in record.slots if each.id == slot_id),
        wraps=tuple(each for each in record.wraps if each.slot == slot_id),
    )


def _new_slot(secret: MasterSecret, slot_id: str, now: datetime) -> tuple[MasterSlot, OpenSlot]:
    salt = secrets.token_bytes(SALT_BYTES)
    master = secret.under(salt)
    slot = MasterSlot(id=slot_id, salt=salt, canary=master.wrap(_CANARY, _CANARY_TEXT), created_at=now)
    return slot, OpenSlot(slot_id, master)


def _next(record: VaultRecord, **changes: object) -> VaultRecord:
    """Wraps stand in the order in which stores give them back."""
    changed = structs.replace(record, generation=record.generation + 1, **changes)
    return structs.replace(changed, wraps=tuple(sorted(changed.wraps, key=lambda each: (each.slot, each.name))))
