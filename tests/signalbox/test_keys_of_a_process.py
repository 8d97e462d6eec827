"""What a process remembers of keys is in the store once it has ended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from router_core.admin.key_views import KeyOrder, RollOrder
from router_core.errors import UnauthorizedError
from router_core.types import AuditFilter, KeyScopes
from signalbox import administration
from signalbox.bootstrap import Overrides, Runtime, build
from signalbox.settings import read_settings
from tests.support.core_fakes import PRICES
from tests.support.operator_desk import operator

ADMIN = operator("admin")


@asynccontextmanager
async def process(folder: Path) -> AsyncIterator[Runtime]:
    settings = read_settings({"SIGNALBOX_DATA_DIR": str(folder), "OPENAI_API_KEY": "sk-test-0000000000000000"})
    runtime = await build(settings, overrides=Overrides(prices=PRICES))
    try:
        yield runtime
    finally:
        await runtime.close()


async def test_uses_and_bad_keys_are_written_down_when_a_process_ends(tmp_path: Path) -> None:
    async with process(tmp_path) as one, process(tmp_path) as other:
        account = await administration.create_account(one.accounts, one.clock, "acme", "UTC")
        order = KeyOrder(account_id=account.id, scopes=KeyScopes(models=("gpt-4o",)))
        used, ended = await one.key_desk.make(order, ADMIN), await one.key_desk.make(order, ADMIN)
        principal = await other.authenticator.authenticate(used.key, "203.0.113.7")
        assert principal.scopes.models == ("gpt-4o",)
        await one.key_desk.roll(ended.id, RollOrder(grace_s=0), ADMIN)
        await one.key_desk.revoke(ended.id, ADMIN)
        with pytest.raises(UnauthorizedError):
            await other.authenticator.authenticate(ended.key, "203.0.113.7")
        assert next(each for each in await one.key_desk.list(ADMIN) if each.id == used.id).last_used_at is None
    async with process(tmp_path) as later:
        found = {each.id: each.last_used_at for each in await later.key_desk.list(ADMIN)}
        assert found[used.id] is not None
        assert found[ended.id] is None
        now = later.clock.utcnow()
        wanted = AuditFilter(since=now - timedelta(hours=1), until=now + timedelta(hours=1))
        page = await later.audit.page(wanted, limit=50, cursor=None, oldest=False)
        events = [each.event for each in page.entries]
        assert events.count("key.refused") == 1
        assert {"key.created", "key.rolled", "key.revoked"} <= set(events)
