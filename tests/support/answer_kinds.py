"""What keeps answers under idempotency keys, of every kind, on a clock that tests move."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from db.hop import StoreHop
from db.stores import SqlAnswers
from router_core.clock import Clock, SystemClock
from router_core.errors import OverloadedError
from router_core.idempotency.memory_answers import MemoryAnswers
from router_core.idempotency.redis_answers import RedisAnswers
from router_core.ports.idempotency import AnswerClaim, AnswerStore, ClaimedAnswer, Room
from router_core.redis_link import LinkPolicy, RedisLink, connect
from router_core.types import Secret
from tests.support.fake_clock import FakeClock
from tests.support.redis_server import RedisServer

__all__ = ["SMALL", "AnswersRig", "WatchedAnswers", "memory_answers", "redis_answers", "sql_answers"]

SMALL: Final = Room(answers=3, size=1000)


@dataclass(frozen=True)
class AnswersRig:
    """A store that has room for little; ``pass_time`` moves the clock that it goes by."""

    store: AnswerStore
    pass_time: Callable[[float], None]


class WatchedAnswers(MemoryAnswers):
    """A store in memory that counts how often it is asked, and is ``away`` when told so."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._start = clock
        self.asked = 0
        self.away = False
        self.sealed: list[bytes] = []
        self.claims: list[AnswerClaim] = []

    def forget(self) -> None:
        """Begin anew, empty and in reach."""
        self.__init__(self._start)  # type: ignore[misc]

    async def claim(self, claim: AnswerClaim) -> ClaimedAnswer | None:
        self._note()
        self.claims.append(claim)
        return await super().claim(claim)

    async def keep(self, claim: AnswerClaim, sealed: bytes) -> bool:
        self._note()
        self.sealed.append(sealed)
        return await super().keep(claim, sealed)

    async def release(self, claim: AnswerClaim) -> None:
        self._note()
        await super().release(claim)

    def _note(self) -> None:
        self.asked += 1
        if self.away:
            raise OverloadedError("Idempotency keys cannot be looked up now")


def memory_answers() -> AnswersRig:
    clock = FakeClock()
    return AnswersRig(MemoryAnswers(clock, SMALL), clock.advance)


def sql_answers(hop: StoreHop) -> AnswersRig:
    clock = FakeClock()
    return AnswersRig(SqlAnswers(hop, clock, SMALL), clock.advance)


@asynccontextmanager
async def redis_answers(server: RedisServer) -> AsyncIterator[AnswersRig]:
    """For Redis time passes when everything in it is that much nearer to its end."""
    link = RedisLink(connect(Secret(server.url), LinkPolicy(call_timeout_s=5.0)), SystemClock())

    def pass_time(seconds: float) -> None:
        plain: Any = server.client
        for name in plain.keys("*"):
            if plain.type(name) == b"zset":
                for member in plain.zrange(name, 0, -1):
                    plain.zincrby(name, -seconds * 1000, member)
            plain.pexpire(name, plain.pttl(name) - round(seconds * 1000))

    yield AnswersRig(RedisAnswers(link, SMALL), pass_time)
    await link.close()
