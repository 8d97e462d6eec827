"""What is sealed is opened in its place, whole, under its key, and nowhere else."""

import pickle

import pytest
from msgspec import structs

from router_core.security.vault.faults import UnknownKeyVersionError, UnreadableSecretError
from router_core.security.vault.key_manager import KeyManager, version_of
from router_core.security.vault.key_ring import KeyRing, RingKey
from router_core.types import Secret
from router_core.types.vault import SealedPlace

PLACE = SealedPlace("provider_keys", "secret", "row-1", "account-1")
SECRET = Secret("sk-proj-0123456789abcdefghij")
OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def manager() -> KeyManager:
    return KeyManager(KeyRing([RingKey(1, "primary", OLD)]))


def rotated() -> KeyManager:
    return KeyManager(KeyRing([RingKey(1, "draining", OLD), RingKey(2, "primary", NEW)]))


@pytest.mark.parametrize("text", ["", "sk-1", "ключ 🔑", "a" * 10_000])
def test_what_was_sealed_is_opened(text: str) -> None:
    assert manager().open(PLACE, manager().seal(PLACE, Secret(text))) == Secret(text)


def test_sealed_bytes_hold_nothing_of_the_secret_and_are_never_the_same_twice() -> None:
    one, other = manager().seal(PLACE, SECRET), manager().seal(PLACE, SECRET)
    assert one != other
    assert SECRET.reveal().encode() not in one


def test_any_bit_that_flips_makes_it_unreadable() -> None:
    keys = rotated()
    sealed = keys.seal(PLACE, SECRET)
    for at in range(len(sealed)):
        for bit in range(8):
            broken = bytearray(sealed)
            broken[at] ^= 1 << bit
            with pytest.raises(UnreadableSecretError):
                keys.open(PLACE, bytes(broken))


def test_what_was_cut_or_made_longer_is_unreadable() -> None:
    sealed = manager().seal(PLACE, SECRET)
    for end in range(len(sealed)):
        with pytest.raises(UnreadableSecretError):
            manager().open(PLACE, sealed[:end])
    with pytest.raises(UnreadableSecretError):
        manager().open(PLACE, sealed + b"\0")


@pytest.mark.parametrize(
    "elsewhere",
    [
        structs.replace(PLACE, table="other_keys"),
        structs.replace(PLACE, field="other"),
        structs.replace(PLACE, row_id="row-2"),
        structs.replace(PLACE, account_id="account-2"),
        structs.replace(PLACE, account_id=None),
        structs.replace(PLACE, account_id=""),
        structs.replace(PLACE, table="provider_keyss", field="ecret"),
        structs.replace(PLACE, row_id="row-1account-1", account_id=""),
    ],
)
def test_a_ciphertext_put_in_another_place_is_unreadable(elsewhere: SealedPlace) -> None:
    with pytest.raises(UnreadableSecretError):
        manager().open(elsewhere, manager().seal(PLACE, SECRET))


def test_no_account_and_an_account_without_a_name_are_two_places() -> None:
    nobody, empty = structs.replace(PLACE, account_id=None), structs.replace(PLACE, account_id="")
    with pytest.raises(UnreadableSecretError):
        manager().open(empty, manager().seal(nobody, SECRET))


def test_two_ciphertexts_that_change_places_are_both_unreadable() -> None:
    other = structs.replace(PLACE, row_id="row-2")
    here, there = manager().seal(PLACE, SECRET), manager().seal(other, Secret("sk-other"))
    for place, sealed in ((PLACE, there), (other, here)):
        with pytest.raises(UnreadableSecretError):
            manager().open(place, sealed)


def test_a_ciphertext_cannot_be_passed_off_as_one_of_another_version() -> None:
    same_key_twice = KeyManager(KeyRing([RingKey(1, "draining", OLD), RingKey(2, "primary", OLD)]))
    sealed = same_key_twice.seal(PLACE, SECRET)
    with pytest.raises(UnreadableSecretError):
        same_key_twice.open(PLACE, sealed[:4] + b"\x01" + sealed[5:])


def test_an_older_key_opens_and_the_primary_seals() -> None:
    sealed = manager().seal(PLACE, SECRET)
    keys = rotated()
    assert keys.open(PLACE, sealed) == SECRET
    assert (version_of(sealed), version_of(keys.seal(PLACE, SECRET))) == (1, 2)


def test_a_staged_key_opens_what_others_have_sealed_under_it_already() -> None:
    ahead = rotated().seal(PLACE, SECRET)
    behind = KeyManager(KeyRing([RingKey(1, "primary", OLD), RingKey(2, "staged", NEW)]))
    assert behind.open(PLACE, ahead) == SECRET


def test_a_key_that_the_ring_does_not_hold_is_told_apart() -> None:
    sealed = rotated().seal(PLACE, SECRET)
    keys = manager()
    with pytest.raises(UnknownKeyVersionError):
        keys.open(PLACE, sealed)
    keys.renew(rotated().ring)
    assert keys.open(PLACE, sealed) == SECRET


def test_each_column_is_sealed_under_a_key_of_its_own() -> None:
    key = RingKey(1, "primary", OLD)
    same_text = key.cipher(PLACE).encrypt(b"\0" * 12, b"x" * 32, b"")
    other_text = key.cipher(structs.replace(PLACE, field="other")).encrypt(b"\0" * 12, b"x" * 32, b"")
    assert same_text != other_text


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [RingKey(1, "draining", OLD)],
        [RingKey(1, "primary", OLD), RingKey(2, "primary", NEW)],
        [RingKey(1, "primary", OLD), RingKey(1, "draining", NEW)],
    ],
)
def test_a_ring_has_one_primary_key_and_one_of_each_version(keys: list[RingKey]) -> None:
    with pytest.raises(ValueError, match="one primary key"):
        KeyRing(keys)


def test_a_short_key_is_no_data_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        RingKey(1, "primary", b"short")


def test_nothing_that_is_printed_or_raised_shows_a_key_or_a_secret() -> None:
    keys = manager()
    shown = f"{keys!r} {keys.ring!r} {keys.ring.primary!r} {vars(type(keys))}"
    with pytest.raises(UnreadableSecretError) as caught:
        keys.open(PLACE, keys.seal(PLACE, SECRET)[:-1])
    shown += repr(caught.value) + str(caught.value.__cause__)
    assert OLD.hex() not in shown
    assert repr(OLD) not in shown
    assert SECRET.reveal() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)
