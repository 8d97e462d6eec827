"""Keys that are limited end when the schema goes back to one that knows no limits."""

from msgspec import structs
from sqlalchemy import Engine, text

from db.engine import reading, writing
from db.hop import StoreHop
from db.migrate import downgrade, upgrade
from db.stores import SqlApiKeyStore
from router_core.types import UNLIMITED, KeyScopes

OLD = (
    "INSERT INTO api_keys (id, account_id, role, name, secret_hash, created_at) "
    "VALUES ('old', 'a', 'service', 'old', :hash, '2026-03-01 00:00:00')"
)
ACCOUNT = "INSERT INTO accounts (id, name) VALUES ('a', 'a')"


async def test_keys_of_before_reach_everything_and_limited_ones_do_not_outlive_their_limits(
    store_engine: Engine,
) -> None:
    downgrade(store_engine, "0014")
    with writing(store_engine).begin() as connection:
        connection.execute(text(ACCOUNT))
        connection.execute(text(OLD), {"hash": bytes(32)})
    upgrade(store_engine)
    hop = StoreHop(store_engine)
    store = SqlApiKeyStore(hop)
    old = await store.by_id("old")
    assert old is not None
    assert old.scopes == UNLIMITED
    for name, scopes in (("limited", KeyScopes(models=())), ("free", UNLIMITED)):
        await store.create(structs.replace(old, id=name, scopes=scopes))
    downgrade(store_engine, "0014")
    with reading(store_engine).connect() as connection:
        ended = connection.execute(text("SELECT id FROM api_keys WHERE revoked_at IS NOT NULL")).scalars().all()
    assert ended == ["limited"]
    hop.close()
