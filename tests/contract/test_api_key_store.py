"""The API key store's contract."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from router_core.errors import ValidationError
from router_core.ports import ApiKeyRecord
from router_core.types import KeyScopes
from tests.support.store_kinds import NOW, Stores, account, later


def key(id: str = "k1", **changes: Any) -> ApiKeyRecord:
    row = ApiKeyRecord(
        id=id, account_id="id-a", role="service", name="ci", secret_hash=bytes(range(32)), created_at=NOW
    )
    return structs.replace(row, **changes)


@pytest.fixture(autouse=True)
async def _accounts(stores: Stores) -> None:
    await stores.accounts.create(account("a"))
    await stores.accounts.create(account("b"))


async def test_a_key_is_read_back_as_it_was(stores: Stores) -> None:
    scopes = KeyScopes(routes=("/api/llm",), use_cases=(), models=("gpt-4o", "é"))
    full = key(
        expires_at=later(60), last_used_at=later(5), revoked_at=later(30), role="admin", scopes=scopes,
        replaced_by="k0", woken_at=later(5), idle_since=later(-9),
    )  # fmt: skip
    await stores.api_keys.create(full)
    assert await stores.api_keys.by_id("k1") == full


async def test_an_unknown_key_is_none_whatever_others_there_are(stores: Stores) -> None:
    assert await stores.api_keys.by_id("nope") is None
    await stores.api_keys.create(key())
    for unknown in ("nope", "", "K1", "k", "k11", "%"):
        assert await stores.api_keys.by_id(unknown) is None


async def test_keys_are_listed_newest_first_for_one_account_or_all(stores: Stores) -> None:
    await stores.api_keys.create(key("k1"))
    await stores.api_keys.create(key("k2", created_at=later(0.000001), account_id="id-b"))
    await stores.api_keys.create(key("k3", created_at=later(1)))
    assert [row.id for row in await stores.api_keys.list()] == ["k3", "k2", "k1"]
    assert [row.id for row in await stores.api_keys.list("id-a")] == ["k3", "k1"]
    assert await stores.api_keys.list("id-none") == []


async def test_the_first_revocation_stays(stores: Stores) -> None:
    await stores.api_keys.create(key())
    assert await stores.api_keys.revoke("k1", later(1))
    assert await stores.api_keys.revoke("k1", later(2))
    found = await stores.api_keys.by_id("k1")
    assert found is not None
    assert found.revoked_at == later(1)


async def test_revoking_no_key_says_so(stores: Stores) -> None:
    assert not await stores.api_keys.revoke("nope", NOW)


@pytest.mark.parametrize(
    ("changes", "field"), [({"account_id": "id-none"}, "account_id"), ({"role": "viewer"}, "role"), ({}, "id")]
)
async def test_a_wrong_key_is_refused_by_field_name(stores: Stores, changes: dict[str, Any], field: str) -> None:
    await stores.api_keys.create(key())
    with pytest.raises(ValidationError) as caught:
        await stores.api_keys.create(key(**({"id": "k2"} | changes if changes else {})))
    assert caught.value.field == field
    assert len(await stores.api_keys.list()) == 1


async def test_a_time_in_another_zone_is_the_same_moment_in_utc(stores: Stores) -> None:
    there = datetime.fromisoformat("2026-03-29T03:30:00.000007+02:00")
    await stores.api_keys.create(key(created_at=there))
    found = await stores.api_keys.by_id("k1")
    assert found is not None
    assert found.created_at.isoformat() == "2026-03-29T01:30:00.000007+00:00"


async def test_a_key_gets_another_name_and_end_unless_it_is_revoked(stores: Stores) -> None:
    await stores.api_keys.create(key())
    assert await stores.key_lives.change("k1", "nightly", later(60))
    found = await stores.api_keys.by_id("k1")
    assert found == key(name="nightly", expires_at=later(60))
    await stores.api_keys.revoke("k1", later(1))
    assert not await stores.key_lives.change("k1", "again", None)
    assert not await stores.key_lives.change("nope", "x", None)


async def test_a_roll_ends_the_key_and_stores_its_successor(stores: Stores) -> None:
    await stores.api_keys.create(key())
    heir = key("k2", created_at=later(1))
    assert await stores.key_lives.roll("k1", heir, later(3600))
    assert await stores.api_keys.by_id("k1") == key(expires_at=later(3600), replaced_by="k2")
    assert await stores.api_keys.by_id("k2") == heir


async def test_a_roll_never_makes_a_key_last_longer(stores: Stores) -> None:
    await stores.api_keys.create(key(expires_at=later(60)))
    assert await stores.key_lives.roll("k1", key("k2", created_at=later(1)), later(3600))
    found = await stores.api_keys.by_id("k1")
    assert found is not None
    assert found.expires_at == later(60)


@pytest.mark.parametrize(
    "ended", [{"revoked_at": later(0)}, {"expires_at": later(1)}, {"replaced_by": "k9", "expires_at": later(99)}]
)
async def test_what_ended_or_was_rolled_before_is_not_rolled(stores: Stores, ended: dict[str, Any]) -> None:
    await stores.api_keys.create(key(**ended))
    assert not await stores.key_lives.roll("k1", key("k2", created_at=later(1)), later(3600))
    assert not await stores.key_lives.roll("nope", key("k2", created_at=later(1)), later(3600))
    assert await stores.api_keys.list() == [key(**ended)]


async def test_of_two_rolls_at_once_one_is_made(stores: Stores) -> None:
    await stores.api_keys.create(key())
    heirs = [key(f"h{number}", created_at=later(1)) for number in range(4)]
    made = await asyncio.gather(*(stores.key_lives.roll("k1", heir, later(3600)) for heir in heirs))
    assert sum(made) == 1
    assert len(await stores.api_keys.list()) == 2


async def test_uses_are_noted_and_never_turned_back(stores: Stores) -> None:
    for name in ("k1", "k2"):
        await stores.api_keys.create(key(name))
    assert await stores.key_lives.note_uses({"k1": later(60), "k2": later(120), "nope": later(60)}) == []
    assert await stores.key_lives.note_uses({"k2": later(60), "k1": later(180)}) == []
    assert {each.id: each.last_used_at for each in await stores.api_keys.list()} == {"k1": later(180), "k2": later(120)}


@pytest.mark.parametrize("before", [{}, {"last_used_at": later(60)}])
async def test_a_key_that_is_used_after_thirty_days_is_told_once(stores: Stores, before: dict[str, Any]) -> None:
    await stores.api_keys.create(key(**before))
    since = before.get("last_used_at", NOW)
    at = since + timedelta(days=30)
    told = await asyncio.gather(*(stores.key_lives.note_uses({"k1": at}) for _ in range(3)))
    woken = key(last_used_at=at, woken_at=at, idle_since=since)
    assert [each for some in told for each in some] == [woken]
    assert await stores.key_lives.note_uses({"k1": at + timedelta(days=29)}) == []
    assert await stores.api_keys.by_id("k1") == key(last_used_at=at + timedelta(days=29), woken_at=at, idle_since=since)
