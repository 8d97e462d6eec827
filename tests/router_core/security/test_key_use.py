"""The notes of when keys were used: only news, and nothing lost while the store is away."""

from collections.abc import Mapping
from datetime import datetime

from router_core.errors import OverloadedError
from router_core.security.key_use import KeyUseNotes
from tests.support.fake_clock import FakeClock


class Log:
    """Keeps what it is told, but nothing while ``down``."""

    def __init__(self) -> None:
        self.down = False
        self.told: list[Mapping[str, datetime]] = []

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        if self.down:
            raise OverloadedError("The store cannot be reached")
        self.told.append(used)

    async def last_used(self, provider_id: str) -> Mapping[str, datetime]:
        raise NotImplementedError


async def test_only_news_are_told_and_told_again_once_the_store_is_back() -> None:
    clock, log = FakeClock(), Log()
    used = {"k1": clock.utcnow()}
    notes = KeyUseNotes(lambda: used, log, clock)
    await notes.note()
    await notes.note()
    assert log.told == [{"k1": used["k1"]}]
    clock.advance(60)
    log.down, used["k2"] = True, clock.utcnow()
    await notes.note()
    log.down = False
    await notes.note()
    assert log.told[1:] == [{"k2": used["k2"]}]
