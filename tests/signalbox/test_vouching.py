"""Whose word is taken for where a visitor is: a console's, beside an admin key that is for it."""

import asyncio

import pytest
from msgspec import structs
from starlette.requests import Request

from router_core.clock import SystemClock
from router_core.ports import AccountRecord
from router_core.security.api_keys import KeyAuthenticator, new_api_key
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.types import KeyRole, KeyScopes
from signalbox.sign_in.served import VISITOR_HEADER, _visitor_address
from tests.support.key_world import PEPPER

PEER, TOLD = "203.0.113.7", "198.51.100.9"


@pytest.mark.parametrize(
    ("role", "routes", "believed"),
    [
        ("admin", None, True),
        ("admin", ("/auth/login",), True),
        ("admin", ("/api/admin/keys",), False),
        ("service", None, False),
        ("service", ("/auth/login",), False),
    ],
)
def test_a_console_is_believed_when_its_key_is_for_that(
    role: KeyRole, routes: tuple[str, ...] | None, believed: bool
) -> None:
    clock, accounts = SystemClock(), MemoryAccountStore()
    keys = MemoryApiKeyStore(accounts)
    made = new_api_key(PEPPER, clock, account_id="a", role=role, name="console")

    async def address() -> str:
        created = AccountRecord(id="a", name="a", timezone="UTC", is_active=True, created_at=clock.utcnow())
        await accounts.create(created)
        await keys.create(structs.replace(made.record, scopes=KeyScopes(routes=routes)))
        headers = {VISITOR_HEADER: TOLD, "authorization": f"Bearer {made.key.reveal()}"}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        request = Request({"type": "http", "headers": raw, "client": (PEER, 1)})
        return await _visitor_address(request, KeyAuthenticator(keys, accounts, PEPPER, clock))

    assert asyncio.run(address()) == (TOLD if believed else PEER)
