"""Keys of providers that are entered by a process that has not heard yet that its data key was retired."""

from typing import Any

import pytest

from router_core.admin.provider_keys import KeyChange, KeyOrder
from router_core.configuration.memory_keys import MemoryProviderKeys
from router_core.errors import ValidationError
from router_core.security.vault.key_ring import KeyRing, RingKey
from router_core.types import Secret
from tests.support.configuration_desk import DeskRig, configuration_desk
from tests.support.operator_desk import operator

ADMIN = operator("admin", "ann")
NAME = "openai-gpt4o-mini"
FIRST, SECOND = "sk-stored-0123456789abcdef", "sk-second-0123456789abcdef"


class RetiredKeys(MemoryProviderKeys):
    """Takes nothing that is sealed under the first data key."""

    retired = False

    async def add_key(self, key: Any) -> int:
        self._refuse(key.secret)
        return await super().add_key(key)

    async def change_key(self, key_id: str, patch: Any) -> int:
        self._refuse(patch.secret)
        return await super().change_key(key_id, patch)

    def _refuse(self, secret: Any) -> None:
        if self.retired and secret.key_version == 1:
            raise ValidationError("Not a valid value", field="key_version")


class Rig:
    """A desk whose store retires the first data key; ``behind`` says whether looking again shows the next one."""

    def __init__(self) -> None:
        self.store: RetiredKeys
        self.behind = True
        self.desk: DeskRig = configuration_desk(without_key=[NAME], renew=self.renew, keys=self.keep)

    def keep(self, store: Any) -> RetiredKeys:
        self.store = RetiredKeys(store)
        return self.store

    async def renew(self) -> None:
        if self.behind:
            self.desk.manager.renew(KeyRing([RingKey(2, "primary", b"n" * 32)]))

    def texts(self) -> list[str]:
        row = self.desk.store.snapshot().by_name[NAME]
        return [key.secret.reveal() for key in self.desk.source.keys_for(row)]


async def test_a_new_key_is_sealed_once_more_under_the_new_data_key() -> None:
    rig = Rig()
    rig.store.retired = True
    await rig.desk.keys.add_key(NAME, KeyOrder(key=Secret(FIRST)), ADMIN)
    assert rig.texts() == [FIRST]


async def test_so_is_one_that_is_replaced() -> None:
    rig = Rig()
    key = await rig.desk.keys.add_key(NAME, KeyOrder(key=Secret(FIRST)), ADMIN)
    rig.store.retired = True
    await rig.desk.keys.change_key(NAME, key.id, KeyChange(key=Secret(SECOND)), ADMIN)
    assert rig.texts() == [SECOND]


async def test_what_the_store_refuses_for_another_reason_stays_refused() -> None:
    rig = Rig()
    rig.behind, rig.store.retired = False, True
    with pytest.raises(ValidationError):
        await rig.desk.keys.add_key(NAME, KeyOrder(key=Secret(FIRST)), ADMIN)
    assert rig.texts() == []
