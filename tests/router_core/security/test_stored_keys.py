"""Which keys may go where: the order of choice, and the hosts and accounts that a stored key is bound to."""

from typing import Any

import pytest
from msgspec import structs

from router_core.admin.provider_keys import KeyChange, KeyOrder
from router_core.errors.known_secrets import MAX_SECRETS
from router_core.security.stored_keys import sealed_place
from router_core.security.vault.key_manager import KeyManager, version_of
from router_core.security.vault.key_ring import KeyRing, RingKey
from router_core.types import ProviderConfig, Secret, Snapshot
from router_core.types.key_place import key_place
from tests.support.configuration_desk import DeskRig, configuration_desk
from tests.support.core_fakes import provider
from tests.support.operator_desk import operator

ADMIN = operator("admin", "ann")
NAME, OTHER = "openai-gpt4o-mini", "openai-gpt4o"
STORED, SECOND = "sk-stored-0123456789abcdef", "sk-second-0123456789abcdef"
HOSTS = ("https://llm.example.com/v1",)


def keyless() -> DeskRig:
    """Return a desk whose environment has no key for two of the rows."""
    return configuration_desk(without_key=[NAME, OTHER], allowed=("llm.example.com",))


async def stored(rig: DeskRig, key: str = STORED, name: str = NAME, **order: Any) -> str:
    return (await rig.keys.add_key(name, KeyOrder(key=Secret(key), **order), ADMIN)).id


def row(rig: DeskRig, name: str = NAME) -> ProviderConfig:
    return rig.store.snapshot().by_name[name]


def texts(rig: DeskRig, provider: ProviderConfig) -> list[str]:
    return [key.secret.reveal() for key in rig.source.keys_for(provider)]


async def change(rig: DeskRig, **changes: Any) -> ProviderConfig:
    await rig.store.put_provider(structs.replace(row(rig), **changes))
    return row(rig)


# --- the order of choice -------------------------------------------------------------------------------------------


async def test_a_provider_for_everybody_takes_the_environments_key_first_and_its_stored_keys_next() -> None:
    rig = configuration_desk()
    await stored(rig)
    found = rig.source.keys_for(row(rig))
    assert [key.secret.reveal() for key in found] == [f"sk-openai-{NAME}", STORED]
    assert [key.rank for key in found] == [0, 1]


async def test_without_a_key_of_the_environment_the_stored_key_serves_and_without_either_nothing() -> None:
    rig = keyless()
    assert texts(rig, row(rig)) == []
    await stored(rig)
    assert texts(rig, row(rig)) == [STORED]
    assert texts(rig, row(rig, OTHER)) == []


async def test_an_accounts_provider_takes_its_stored_key_and_never_falls_back_on_the_environments() -> None:
    rig = configuration_desk()
    await rig.accounts.create(acme())
    own = await change(rig, account_id="id-acme")
    assert texts(rig, own) == [f"sk-openai-{NAME}"]
    key_id = await stored(rig)
    assert texts(rig, row(rig)) == [STORED]
    await rig.keys.change_key(NAME, key_id, KeyChange(active=False), ADMIN)
    assert texts(rig, row(rig)) == []
    await rig.keys.remove_key(NAME, key_id, ADMIN)
    assert texts(rig, row(rig)) == [f"sk-openai-{NAME}"]


async def test_the_heaviest_stored_key_comes_first_and_one_put_aside_not_at_all() -> None:
    rig = keyless()
    light, heavy = await stored(rig, weight=10), await stored(rig, SECOND, weight=90)
    assert texts(rig, row(rig)) == [SECOND, STORED]
    await rig.keys.change_key(NAME, light, KeyChange(weight=100), ADMIN)
    assert texts(rig, row(rig)) == [STORED, SECOND]
    await rig.keys.change_key(NAME, heavy, KeyChange(active=False), ADMIN)
    assert texts(rig, row(rig)) == [STORED]


# --- where a stored key may go -------------------------------------------------------------------------------------


async def test_a_stored_key_goes_to_no_other_host_until_it_is_entered_again() -> None:
    rig = keyless()
    key_id = await stored(rig)
    moved = await change(rig, base_url="https://llm.example.com/v1")
    assert texts(rig, moved) == []
    await rig.keys.change_key(NAME, key_id, KeyChange(key=Secret(SECOND)), ADMIN)
    assert texts(rig, row(rig)) == [SECOND]
    assert texts(rig, await change(rig, base_url=None)) == []


@pytest.mark.parametrize(
    "draft",
    [
        {"base_url": "https://evil.example.com/v1"},
        {"base_url": "https://api.openai.com.evil.example.com"},
        {"base_url": "http://api.openai.com/v1"},
        {"kind": "anthropic"},
        {"account_id": "id-other"},
        {"id": "another-id"},
    ],
)
async def test_a_row_that_is_not_saved_gets_no_stored_key_for_another_place(draft: dict[str, Any]) -> None:
    rig = keyless()
    await stored(rig)
    assert texts(rig, structs.replace(row(rig), **draft)) == []
    assert texts(rig, structs.replace(row(rig), weight=7)) == [STORED]


async def test_a_draft_that_leads_where_a_key_was_once_entered_for_gets_it_no_more() -> None:
    rig = keyless()
    await stored(rig)
    before = row(rig)
    await change(rig, base_url="https://llm.example.com/v1")
    assert texts(rig, before) == []


async def test_a_key_of_one_account_serves_no_other_and_not_everybody() -> None:
    rig = keyless()
    for name in ("acme", "other"):
        await rig.accounts.create(acme(name))
    await change(rig, account_id="id-acme")
    await stored(rig)
    assert texts(rig, row(rig)) == [STORED]
    for account in ("id-other", None):
        assert texts(rig, await change(rig, account_id=account)) == []


@pytest.mark.parametrize(
    ("base_url", "place"),
    [
        (None, "openai"),
        ("https://LLM.example.com/v1", "https://llm.example.com:443"),
        ("https://llm.example.com:443", "https://llm.example.com:443"),
        ("http://llm.example.com", "http://llm.example.com:80"),
        ("https://llm.example.com.:8443/v1/", "https://llm.example.com:8443"),
        ("https://[::1]:9000/v1", "https://::1:9000"),
    ],
)
def test_a_place_is_scheme_host_and_port_or_the_vendor(base_url: str | None, place: str) -> None:
    assert key_place(provider("a", base_url=base_url)) == place


# --- what becomes of ciphertext ------------------------------------------------------------------------------------


async def test_ciphertext_of_another_row_or_a_changed_one_is_not_used() -> None:
    rig = keyless()
    mine, others = await stored(rig), await stored(rig, SECOND, OTHER)
    held = {key.id: key for keys in rig.store.snapshot().provider_keys.values() for key in keys}
    swapped = structs.replace(held[mine], secret=held[others].secret)
    rig.store.swap_keys([swapped, held[others]])
    assert texts(rig, row(rig)) == []
    rig.store.swap_keys([held[mine]])
    assert texts(rig, row(rig)) == [STORED]


async def test_a_key_is_known_to_the_sanitizer_once_it_is_used() -> None:
    rig = keyless()
    await stored(rig, "plainlookingkey0123456789")
    texts(rig, row(rig))
    assert "plainlookingkey" not in rig.known.clean("refused: plainlookingkey0123456789 is wrong")


async def test_a_key_that_is_used_no_more_makes_room_and_the_same_one_elsewhere_stays_known() -> None:
    rig = keyless()
    first, _ = await stored(rig, "plainlookingkey0123456789"), await stored(rig, "plainlookingkey0123456789", OTHER)
    texts(rig, row(rig)), texts(rig, row(rig, OTHER))
    await rig.keys.remove_key(NAME, first, ADMIN)
    texts(rig, row(rig))
    for number in range(MAX_SECRETS + 1):
        rig.known.add(Secret(f"sk-{number:020}"))
        rig.known.put_aside(Secret(f"sk-{number:020}"))
    assert "plainlookingkey" not in rig.known.clean("refused: plainlookingkey0123456789 is wrong")


async def test_a_process_that_has_not_heard_of_a_new_data_key_yet_goes_on_with_what_it_opened() -> None:
    rig = keyless()
    key_id = await stored(rig)
    texts(rig, row(rig))
    ahead = KeyManager(KeyRing([RingKey(1, "draining", b"k" * 32), RingKey(2, "primary", b"n" * 32)]))
    sealed_again(rig, key_id, ahead)
    assert texts(rig, row(rig)) == [STORED]
    rig.manager.renew(KeyRing([RingKey(2, "primary", b"o" * 32)]))
    assert texts(rig, row(rig)) == []
    rig.manager.renew(ahead.ring)
    assert texts(rig, row(rig)) == [STORED]


async def test_a_key_that_was_replaced_under_an_unknown_data_key_is_not_used_as_it_was() -> None:
    rig = keyless()
    key_id = await stored(rig)
    texts(rig, row(rig))
    rig.clock.advance(1)
    sealed_again(rig, key_id, KeyManager(KeyRing([RingKey(2, "primary", b"n" * 32)])), entered_at=rig.clock.utcnow())
    assert texts(rig, row(rig)) == []


async def test_what_is_no_bytes_at_all_is_not_used() -> None:
    rig = keyless()
    key_id = await stored(rig)
    for odd in (7, 1.5, None, "sk-" * 40):
        swap_secret(rig, key_id, sealed=odd)
        assert texts(rig, row(rig)) == []


async def test_the_time_of_use_survives_a_new_configuration_and_ends_with_the_key() -> None:
    rig = keyless()
    key_id = await stored(rig)
    (key,) = rig.source.keys_for(row(rig))
    key.used_at = rig.clock.utcnow()
    await change(rig, weight=3)
    assert rig.source.keys_for(row(rig))[0] is key
    assert rig.source.used() == {key_id: rig.clock.utcnow()}
    await rig.keys.remove_key(NAME, key_id, ADMIN)
    texts(rig, row(rig))
    assert rig.source.used() == {}


async def test_a_row_of_an_older_snapshot_is_still_served() -> None:
    rig = keyless()
    await stored(rig)
    before = row(rig)
    await change(rig, weight=3)
    assert isinstance(rig.store.snapshot(), Snapshot)
    assert texts(rig, before) == [STORED]


def sealed_again(rig: DeskRig, key_id: str, manager: KeyManager, **changes: Any) -> None:
    """Have the key sealed under the keys of ``manager``, as another process does."""
    sealed = manager.seal(sealed_place(key_id, None), Secret(STORED))
    swap_secret(rig, key_id, sealed=sealed, key_version=version_of(sealed), **changes)


def swap_secret(rig: DeskRig, key_id: str, **changes: Any) -> None:
    (held,) = (key for keys in rig.store.snapshot().provider_keys.values() for key in keys if key.id == key_id)
    rig.store.swap_keys([structs.replace(held, secret=structs.replace(held.secret, **changes))])


def acme(name: str = "acme") -> Any:
    from tests.support.store_kinds import account

    return account(name)
