"""What becomes of uses and of bad keys that the path of requests only remembers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from router_core.admin.action_trail import ActionTrail
from router_core.admin.key_keeper import KeyKeeper
from router_core.errors import OverloadedError, RateLimitExceededError, UnauthorizedError
from router_core.ports import AccountRecord, ApiKeyRecord
from router_core.security.api_keys import KeyAuthenticator, new_api_key
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from tests.support.fake_clock import START, FakeClock
from tests.support.key_world import PEPPER
from tests.support.operator_desk import FlakyActionLog


class Keys(MemoryApiKeyStore):
    """A store that cannot be written while ``down``."""

    down = False

    async def note_uses(self, uses: Mapping[str, datetime]) -> Sequence[ApiKeyRecord]:
        if self.down:
            raise OverloadedError("The store cannot be reached")
        return await super().note_uses(uses)


class Rig:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.accounts = MemoryAccountStore()
        self.keys = Keys(self.accounts)
        self.gate = KeyAuthenticator(self.keys, self.accounts, PEPPER, self.clock)
        self.log = FlakyActionLog(self.clock)
        self.trail = ActionTrail(self.log, self.clock)
        self.keeper = KeyKeeper(self.gate, self.keys, self.trail, self.clock)

    async def used(self, days: float = 0) -> ApiKeyRecord:
        """Use the key after ``days``, have that written down, and return the key."""
        self.clock.advance(days * 86_400)
        await self.gate.authenticate(self.text)
        await self.keeper.write()
        await self.trail.flush()
        (record,) = await self.keys.list()
        return record

    async def open(self) -> None:
        await self.accounts.create(
            AccountRecord(id="acme", name="acme", timezone="UTC", is_active=True, created_at=START)
        )
        made = new_api_key(PEPPER, self.clock, account_id="acme", role="service", name="ci")
        await self.keys.create(made.record)
        self.text, self.id = made.key.reveal(), made.id


@pytest.fixture
async def rig() -> Rig:
    made = Rig()
    await made.open()
    return made


async def test_uses_reach_the_store_in_batches_and_requests_do_not_wait_for_it(rig: Rig) -> None:
    for _ in range(100):
        await rig.gate.authenticate(rig.text)
    (before,) = await rig.keys.list()
    assert before.last_used_at is None
    assert (await rig.used()).last_used_at == START
    assert rig.log.taken == []


async def test_uses_wait_for_a_store_that_is_away(rig: Rig) -> None:
    rig.keys.down = True
    assert (await rig.used()).last_used_at is None
    rig.keys.down = False
    rig.clock.advance(600)
    await rig.keeper.write()
    (record,) = await rig.keys.list()
    assert record.last_used_at == START


async def test_a_key_that_is_used_after_thirty_days_is_told_of_once(rig: Rig) -> None:
    await rig.used(29)
    assert rig.log.taken == []
    woken = await rig.used(30)
    assert (woken.woken_at, woken.idle_since) == (START + timedelta(days=59), START + timedelta(days=29))
    (act,) = rig.log.taken
    assert (act.actor, act.action, act.target, act.account_id) == ("system", "key.woken", rig.id, "acme")
    assert act.detail == {"idleSince": "2026-03-30T12:00:00+00:00", "idleDays": 30, "name": "ci"}
    await rig.used(1)
    assert len(rig.log.taken) == 1


async def test_bad_keys_go_on_record_by_address_without_what_was_tried(rig: Rig) -> None:
    wrong = rig.text[:-1] + ("A" if rig.text[-1] != "A" else "B")
    for text in [wrong, *["sbx_secretish_" + "x" * 43] * 19, "one more"]:
        with pytest.raises((UnauthorizedError, RateLimitExceededError)):
            await rig.gate.authenticate(text, "203.0.113.7")
    await rig.keeper.write()
    await rig.trail.flush()
    (act,) = rig.log.taken
    assert (act.actor, act.action, act.target, act.address) == ("system", "key.refused", "203.0.113.7", "203.0.113.7")
    assert act.detail == {"refused": 20, "throttled": 1, "keys": rig.id}
    assert "secretish" not in repr(act)
