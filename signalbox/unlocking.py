"""Opens the vault of a store: the first thing that every process does with it, and the last if the key is wrong."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from db.engine import make_engine, writing
from db.stores.vault import keep_record, read_record
from db.vault_peek import VaultPeek, peek_sealed, peek_vault
from router_core.clock import Clock, new_ulid
from router_core.ports import VaultStore
from router_core.security.vault import records
from router_core.security.vault.faults import DamagedKeysError, UnreadableSecretError, WrongMasterKeyError
from router_core.security.vault.key_manager import KeyManager
from router_core.security.vault.master import RootSecret
from router_core.security.vault.records import OpenSlot
from router_core.security.vault.vault import Vault
from router_core.types.vault import SealedRow, VaultRecord
from signalbox.audit_identity import chain_signer
from signalbox.faults import DependencyFault, SettingsError
from signalbox.master_key import KEY_FILE, KEY_VARIABLE, GivenKey, given_key, make_key
from signalbox.settings import Settings
from signalbox.store import prepare_schema, store_faults

__all__ = ["Unlocked", "check_master_key", "count_unreadable", "unlock"]

_WRONG: Final = "is not the key that the secrets of this store are sealed with"
_DAMAGED: Final = (
    "the wrapped keys in the store were changed or are incomplete, though the master key is the right one: restore the "
    "store from its backup; nothing was changed"
)
_MISSING: Final = (
    f"is missing, and the secrets of this store need it: restore it from its backup, or set {KEY_VARIABLE} where the "
    "key is kept there"
)


@dataclass(frozen=True, slots=True)
class Unlocked:
    """An open vault: its keys as they were read, and the slot of the master key that opened it."""

    settings: Settings
    given: GivenKey
    record: VaultRecord
    opened: OpenSlot

    @property
    def root(self) -> RootSecret:
        """The secret from which keys are derived that seal nothing."""
        return self.opened.root(self.record)

    def vault(self, store: VaultStore, clock: Clock) -> Vault:
        """Return what keeps the keys of this process as new as those of ``store``."""
        return Vault(store, self.record, self.opened, self._reopened, clock)

    def _reopened(self, record: VaultRecord) -> OpenSlot:
        """A variable stays as it was when the process started; the key file may hold another key by now."""
        try:
            found = self.given if self.given.source == KEY_VARIABLE else given_key(self.settings)
        except (SettingsError, DependencyFault):
            raise WrongMasterKeyError from None
        if found is None:
            raise WrongMasterKeyError
        return records.open_slot(record, found.secret)


def unlock(settings: Settings, clock: Clock, *, migrate: bool) -> Unlocked:
    """Check the master key, then bring the schema up to date as :func:`prepare_schema` does, then open the vault.

    A store without a vault gets one; what hung on the master key before hangs on its root from then on. Raises
    :class:`SettingsError` for a wrong key or damaged ones, with nothing touched, and faults of :func:`store_faults`.
    """
    with store_faults():
        seen = peek_vault(settings.store_url)
        given = _checked(seen, settings) or make_key(settings)
        prepare_schema(settings.store_url, migrate=migrate)
        record = seen.record or _begun(settings, given, clock, used=seen.used)
    return Unlocked(settings, given, record, _opened(record, given))


def check_master_key(settings: Settings) -> None:
    """Raise what :func:`unlock` would raise for a wrong or missing key, and make nothing."""
    with store_faults():
        _checked(peek_vault(settings.store_url), settings)


def count_unreadable(settings: Settings) -> int:
    """Return how many stored secrets cannot be opened. Raises as :func:`check_master_key` does, and makes nothing."""
    with store_faults():
        # Before the keys: what is sealed by now is sealed under one that they have.
        sealed, seen = peek_sealed(settings.store_url), peek_vault(settings.store_url)
        given = _checked(seen, settings)
    if given is None or seen.record is None:
        return 0
    keys = KeyManager(_opened(seen.record, given).ring(seen.record))
    return sum(not _opens(keys, each) for each in sealed)


def _opens(keys: KeyManager, row: SealedRow) -> bool:
    try:
        keys.open(row.place, row.sealed)
    except UnreadableSecretError:
        return False
    return True


def _checked(seen: VaultPeek, settings: Settings) -> GivenKey | None:
    """Return the key that is given, if there is one and it may be the right one."""
    given = given_key(settings)
    if given is None:
        if seen.record is not None or seen.used:
            path = settings.data_dir / KEY_FILE
            raise SettingsError([f"{path} {_MISSING}"])
        return None
    if seen.record is not None:
        _opened(seen.record, given)
    elif seen.signers and chain_signer(RootSecret(given.older_root())).key_id not in seen.signers:
        raise _wrong(given)
    return given


def _opened(record: VaultRecord, given: GivenKey) -> OpenSlot:
    try:
        opened = records.open_slot(record, given.secret)
        opened.root(record)
        opened.ring(record)
    except DamagedKeysError:
        raise SettingsError([_DAMAGED]) from None
    except WrongMasterKeyError:
        raise _wrong(given) from None
    return opened


def _wrong(given: GivenKey) -> SettingsError:
    return SettingsError([f"{given.source} {_WRONG}; nothing was changed"])


def _begun(settings: Settings, given: GivenKey, clock: Clock, *, used: bool) -> VaultRecord:
    root = given.older_root() if used else None
    first = records.first_record(given.secret, new_ulid(clock), clock.utcnow(), root)
    engine = make_engine(settings.store_url)
    try:
        with Session(writing(engine)) as session, session.begin():
            keep_record(session, first)
            # Of two first starts one makes the record, and both go on with it.
            return read_record(session) or first
    finally:
        engine.dispose()
