"""The API key store's contract."""

from datetime import datetime
from typing import Any

import pytest
from msgspec import structs

from router_core.errors import ValidationError
from router_core.ports import ApiKeyRecord
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
    full = key(expires_at=later(60), last_used_at=later(5), revoked_at=later(30), role="admin")
    await stores.api_keys.create(full)
    assert await stores.api_keys.by_id("k1") == full


async def test_an_unknown_key_is_none(stores: Stores) -> None:
    assert await stores.api_keys.by_id("nope") is None


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
