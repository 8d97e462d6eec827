"""API keys of a console in tests: the desk itself, in memory, as it stands at the tests' own time."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from router_core.admin.action_trail import ActionTrail
from router_core.clock import SystemClock
from router_core.ports import AccountRecord, ApiKeyRecord
from router_core.router import StaticConfig
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.types import Snapshot
from tests.support.core_fakes import standard_providers
from tests.support.key_world import key_desk
from tests.support.operator_desk import FlakyActionLog

__all__ = ["KeyDouble"]


class KeyDouble:
    """The accounts acme and zeta, their keys, and the desk over them; ``log`` has every act."""

    def __init__(self) -> None:
        clock, self._accounts = SystemClock(), MemoryAccountStore()
        self.keys, self.log = MemoryApiKeyStore(self._accounts), FlakyActionLog(clock)
        self.now: datetime = clock.utcnow()
        config = StaticConfig(Snapshot(standard_providers()))
        self.desk = key_desk(self.keys, self._accounts, config, ActionTrail(self.log, clock), clock, lambda _: None)
        for name in ("acme", "zeta"):
            made = AccountRecord(id=name, name=name, timezone="UTC", is_active=True, created_at=self.now)
            self._accounts._rows[name] = made

    def add(self, id: str, days_old: float = 1, **changes: Any) -> ApiKeyRecord:
        """Store a service key of acme that was made so many days ago."""
        row = ApiKeyRecord(
            id=id, account_id="acme", role="service", name=f"key {id}", secret_hash=bytes(32),
            created_at=self.now - timedelta(days=days_old),
        )  # fmt: skip
        row = structs.replace(row, **changes)
        asyncio.run(self.keys.create(row))
        return row

    def records(self) -> list[ApiKeyRecord]:
        """Return all keys, newest first."""
        return list(asyncio.run(self.keys.list()))
