"""Answers that several processes keep in one Redis: sealed, bound to their account, and never in the way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from router_core.cache.redis_cache import KEY_PREFIX, RedisCache
from router_core.cache.response_cache import AnswerCache
from router_core.cache.sealing import AnswerSeal
from router_core.clock import SystemClock
from router_core.redis_link import LinkPolicy, RedisLink, connect
from router_core.router import Router
from router_core.types import CachePolicy, LLMResponse, Secret
from tests.support.core_fakes import PRICES, CoreRig, answer, ask, rig, service
from tests.support.flight_desk import MINI
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis
KEY = b"k" * 32
PATIENCE_S = 5.0
SAID = "words that nobody else may read"


@dataclass
class Process:
    """A router whose answers are kept in Redis."""

    desk: CoreRig
    cache: AnswerCache
    router: Router
    link: RedisLink

    async def ask(self, account: str = "acme") -> LLMResponse:
        """Return the answer, once it is kept."""
        answered = await self.router.complete(ask(cache=CachePolicy(ttl_seconds=60)), service(account))
        async with asyncio.timeout(PATIENCE_S):
            while self.cache.report().answers.flights:
                await SystemClock().sleep(0.001)
        return answered


def process(server: RedisServer, key: bytes = KEY) -> Process:
    desk, clock = rig(), SystemClock()
    link = RedisLink(connect(Secret(server.url), LinkPolicy(call_timeout_s=5.0)), clock)
    cache = AnswerCache(RedisCache(link), desk.config, clock, AnswerSeal(key))
    router = Router(
        config=desk.config, adapters=desk.adapters, keys=desk.keys, prices=PRICES, recorder=desk.events, cache=cache,
        clock=clock,
    )  # fmt: skip
    return Process(desk, cache, router, link)


def names(server: RedisServer) -> list[bytes]:
    found: list[bytes] = list(server.client.keys("*"))  # type: ignore[arg-type]
    return found


def kept_at(server: RedisServer, name: bytes) -> bytes:
    found = server.client.get(name)
    assert isinstance(found, bytes)
    return found


@pytest.fixture
async def pair(redis_server: RedisServer) -> AsyncIterator[tuple[Process, Process]]:
    """Two processes on one Redis."""
    found = (process(redis_server), process(redis_server))
    yield found
    for each in found:
        await each.link.close()


async def test_what_one_process_keeps_the_other_serves(pair: tuple[Process, Process]) -> None:
    one, other = pair
    one.desk.adapters.script(MINI, answer(SAID))
    await one.ask()
    again = await other.ask()
    assert (again.text, again.cache, again.cost.usd) == (SAID, "hit", "0.000000")


async def test_no_word_of_an_answer_is_legible_in_redis_and_its_time_is_bounded(
    pair: tuple[Process, Process], redis_server: RedisServer
) -> None:
    one, _ = pair
    one.desk.adapters.script(MINI, answer(SAID))
    await one.ask()
    (name,) = names(redis_server)
    kept = kept_at(redis_server, name)
    assert name.startswith(KEY_PREFIX.encode())
    assert not any(word in kept + name for word in (b"words", b"acme", b"gpt", b"Say hello"))
    assert 0 < int(redis_server.client.pttl(name)) <= 60_000


async def test_an_entry_that_was_changed_or_moved_to_another_account_is_a_miss_and_removed(
    pair: tuple[Process, Process], redis_server: RedisServer
) -> None:
    one, other = pair
    plain = redis_server.client
    one.desk.adapters.script(MINI, answer("for acme"), answer("for rival"))
    await one.ask("acme")
    (acme,) = names(redis_server)
    await one.ask("rival")
    (rival,) = (name for name in names(redis_server) if name != acme)
    plain.set(rival, kept_at(redis_server, acme))
    other.desk.adapters.script(MINI, answer("asked anew"), answer("asked anew too"))
    assert (await other.ask("rival")).text == "asked anew"
    kept = kept_at(redis_server, acme)
    plain.set(acme, kept[:-1] + bytes([kept[-1] ^ 1]))
    assert (await other.ask("acme")).text == "asked anew too"
    assert other.cache.report().answers.rejected == 2


async def test_another_installation_reads_nothing(pair: tuple[Process, Process], redis_server: RedisServer) -> None:
    pair[0].desk.adapters.script(MINI, answer(SAID))
    await pair[0].ask()
    stranger = process(redis_server, b"l" * 32)
    stranger.desk.adapters.script(MINI, answer("its own"))
    assert (await stranger.ask()).text == "its own"
    await stranger.link.close()


async def test_dropping_a_part_removes_its_entries_and_no_others(
    pair: tuple[Process, Process], redis_server: RedisServer
) -> None:
    one, other = pair
    one.desk.adapters.always(MINI, answer(SAID))
    for account in ("acme", "rival"):
        await one.ask(account)
    assert await other.cache.drop("acme", "draft") == 0
    assert await other.cache.drop("acme", None) == 1
    assert await other.cache.drop(None, "general") == 1
    assert names(redis_server) == []


async def test_while_redis_hangs_requests_are_answered_all_the_same() -> None:
    with RedisServer() as server:
        one = process(server)
        one.desk.adapters.always(MINI, answer(SAID))
        await one.ask()
        server.suspend()
        clock = SystemClock()
        began = clock.now()
        answers = [await one.ask() for _ in range(10)]
        took = clock.now() - began
        assert {each.text for each in answers} == {SAID}
        assert {each.cache for each in answers} == {"miss"}
        assert took < 2.0
        assert one.cache.report().store.faults >= 10
        server.resume()
        await one.link.close()
