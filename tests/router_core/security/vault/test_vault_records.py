"""The record of all keys: who opens it, and how it goes from one step to the next."""

from datetime import UTC, datetime

import pytest

from router_core.security.vault import records
from router_core.security.vault.faults import WrongMasterKeyError
from router_core.security.vault.key_manager import KeyManager
from router_core.security.vault.master import MasterSecret
from router_core.types import Secret
from router_core.types.vault import SealedPlace, VaultRecord

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MASTER, OTHER = MasterSecret(b"m" * 32), MasterSecret(b"o" * 32)
PLACE = SealedPlace("t", "f", "r")


def first(root: bytes | None = None) -> VaultRecord:
    return records.first_record(MASTER, "s1", NOW, root)


def test_the_right_key_opens_it_and_another_does_not() -> None:
    assert records.open_slot(first(), MASTER).id == "s1"
    with pytest.raises(WrongMasterKeyError):
        records.open_slot(first(), OTHER)


def test_a_passphrase_opens_only_with_the_salt_that_is_kept() -> None:
    passphrase = MasterSecret(Secret("correct horse battery"))
    one, other = (records.first_record(passphrase, "s", NOW) for _ in range(2))
    assert one.slots[0].salt != other.slots[0].salt
    assert records.open_slot(one, MasterSecret(Secret("correct horse battery"))).id == "s"
    with pytest.raises(WrongMasterKeyError):
        records.open_slot(one, MasterSecret(Secret("correct horse batterz")))


def test_the_root_of_an_older_store_is_kept_and_one_of_a_new_store_is_its_own() -> None:
    def derived(record: VaultRecord) -> bytes:
        return records.open_slot(record, MASTER).root(record).derive("x")

    assert derived(first(b"r" * 32)) == derived(first(b"r" * 32))
    assert derived(first()) != derived(first())


def test_a_rotation_goes_from_staged_to_retired_and_what_was_sealed_stays_readable() -> None:
    record = first()
    opened = records.open_slot(record, MASTER)
    keys = KeyManager(opened.ring(record))
    old = keys.seal(PLACE, Secret("one"))
    for step, states in (
        (records.staged(record, opened, NOW), ["primary", "staged"]),
        (records.promoted(records.staged(record, opened, NOW), NOW), ["draining", "primary"]),
    ):
        assert [each.state for each in step.keys] == states
        assert KeyManager(opened.ring(step)).open(PLACE, old) == Secret("one")
    record = records.retired(step, {1}, NOW)
    assert [each.state for each in record.keys] == ["retired", "primary"]
    assert opened.ring(record).find(1) is None
    assert [each.name for each in record.wraps] == ["data 2", "root"]
    assert record.generation == 4


def test_while_the_master_key_changes_both_open_the_same_keys_and_then_only_the_new_one() -> None:
    record = first()
    opened = records.open_slot(record, MASTER)
    both = records.with_slot(record, opened, OTHER, "s2", NOW)
    sealed = KeyManager(opened.ring(both)).seal(PLACE, Secret("one"))
    new = records.open_slot(both, OTHER)
    assert KeyManager(new.ring(both)).open(PLACE, sealed) == Secret("one")
    assert new.root(both).derive("x") == opened.root(both).derive("x")
    alone = records.only_slot(both, "s2")
    assert {each.slot for each in alone.wraps} == {"s2"}
    assert KeyManager(records.open_slot(alone, OTHER).ring(alone)).open(PLACE, sealed) == Secret("one")
    with pytest.raises(WrongMasterKeyError):
        records.open_slot(alone, MASTER)


def test_a_wrapped_key_cannot_be_passed_off_as_another() -> None:
    record = first()
    opened = records.open_slot(record, MASTER)
    data, root = record.wraps
    swapped = [(root.name, data.sealed), (data.name, root.sealed)]
    for name, sealed in swapped:
        with pytest.raises(WrongMasterKeyError):
            opened._master.unwrap(name, sealed)
