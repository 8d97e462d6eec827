"""Redis is killed, hangs, loses everything, takes no writes, has no memory: requests go on, and it is used again."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.support.lateness import lateness
from tests.support.redis_server import RedisServer
from tests.support.server_process import PlainServer
from tests.support.simulator_process import SimulatorProcess

pytestmark = pytest.mark.redis

RATE = 40
FAULT_S, KNOWN_AFTER_S, HEALED_S = 1.5, 0.5, 60.0
# What a hung Redis may cost the first few requests, and what all others may take more than usual.
FIRST_FEW_S, OTHERS_S = 0.15, 0.1
BUSY_MACHINE_S = 0.25
SENT_AGAIN = 3


@dataclass
class Scene:
    """A server beside a Redis that may be hurt, and what operators see of it."""

    server: PlainServer
    redis: RedisServer
    admin: str

    def link(self) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.server.base_url}/api/admin/dependencies", headers={"x-api-key": self.admin}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            (found,) = [each for each in json.load(answer)["dependencies"] if each["name"] == "redis"]
            state: dict[str, Any] = found
            return state

    async def until(self, state: str) -> dict[str, Any]:
        async with asyncio.timeout(HEALED_S):
            while (found := await asyncio.to_thread(self.link))["state"] != state:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.05)
        return found


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with RedisServer() as redis, SimulatorProcess("--fast") as simulator:
        folder = tmp_path_factory.mktemp("redis") / "data"
        server = PlainServer(
            folder, simulator.openai_url, simulator.base_url, REDIS_URL=redis.url, SIGNALBOX_HEALTH_CHECKS="false",
            SIGNALBOX_RATE_LIMIT_RPS="1000", SIGNALBOX_RATE_LIMIT_BURST="1000",
        )  # fmt: skip
        with server:
            yield Scene(server, redis, server.command("keys", "create", "--account", "acme", "--role", "admin")["key"])


async def _traffic(scene: Scene, seconds: float) -> list[tuple[int, float]]:
    """Send requests at a steady rate, half of them alike; return status and seconds of each, in their order."""
    found: list[tuple[int, float]] = [(0, 0.0)] * round(seconds * RATE)
    headers = {"authorization": f"Bearer {scene.server.facts['api_key']}"}
    async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as tasks:

        async def one(number: int) -> None:
            prompt = "the same" if number % 2 else f"another {number} {time.monotonic()}"
            body = {"prompt": prompt, "useCase": "draft", "cache": {"ttlSeconds": 60}}
            begun = time.monotonic()
            async with session.post(f"{scene.server.base_url}/api/llm", json=body) as answer:
                await answer.read()
                found[number] = (answer.status, time.monotonic() - begun)

        for number in range(len(found)):
            tasks.create_task(one(number))
            await asyncio.sleep(1 / RATE)
    return found


async def _keyed(scene: Scene, key: str) -> tuple[int, str | None]:
    """Send a request under an idempotency key; return its status, and whether it was answered before."""
    headers = {"authorization": f"Bearer {scene.server.facts['api_key']}", "idempotency-key": key.replace(" ", "-")}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{scene.server.base_url}/api/llm", json={"prompt": "once"}) as answer,
    ):
        return answer.status, answer.headers.get("idempotent-replayed")


async def _keyed_at_last(scene: Scene, key: str) -> tuple[int, str | None]:
    """The same as a client does it: what is refused for the moment is sent again, a few times."""
    for _ in range(SENT_AGAIN):
        found = await _keyed(scene, key)
        if found[0] != 503:
            return found
        await scene.until("up")
    return await _keyed(scene, key)


def _empty(redis: RedisServer) -> None:
    redis.stop()
    redis.start()


HURT: dict[str, tuple[Callable[[RedisServer], object], Callable[[RedisServer], object]]] = {
    "killed": (RedisServer.stop, RedisServer.start),
    "hanging": (RedisServer.suspend, RedisServer.resume),
    "read-only": (
        lambda redis: redis.client.replicaof("127.0.0.1", "1"),
        lambda redis: redis.client.replicaof("NO", "ONE"),
    ),
    "out of memory": (
        lambda redis: redis.client.config_set("maxmemory", "1"),
        lambda redis: redis.client.config_set("maxmemory", "0"),
    ),
}


@pytest.mark.parametrize("fault", sorted(HURT))
async def test_requests_go_on_while_redis_is_of_no_use_and_it_is_taken_up_again(fault: str, scene: Scene) -> None:
    await scene.until("up")
    before = await asyncio.to_thread(scene.link)
    usual = max(seconds for _, seconds in await _traffic(scene, 0.5))
    hurt, heal = HURT[fault]
    await asyncio.to_thread(hurt, scene.redis)
    try:
        with lateness() as late:
            seen = await _traffic(scene, FAULT_S)
        during = await scene.until("down")
        keyed = await _keyed(scene, fault)
    finally:
        await asyncio.to_thread(heal, scene.redis)
    after = await scene.until("up")
    healed = await _traffic(scene, 0.5)
    assert {status for status, _ in [*seen, *healed]} == {200}
    # It might be paid for twice, so it is not served without Redis.
    assert keyed == (503, None)
    assert [await _keyed_at_last(scene, fault) for _ in range(2)] == [(200, None), (200, "true")]
    taken = [seconds for _, seconds in seen]
    busy = BUSY_MACHINE_S + late.allowed_s
    assert max(taken) <= usual + FIRST_FEW_S + busy
    assert max(taken[round(KNOWN_AFTER_S * RATE) :]) <= usual + OTHERS_S + busy
    assert during["failures"] > before["failures"]
    assert after["outages"] == before["outages"] + 1
    print(f"{fault}: usual {usual:.3f}, first few {max(taken):.3f}, others {max(taken[20:]):.3f} s")


async def test_a_redis_that_comes_back_empty_is_taken_as_it_is(scene: Scene) -> None:
    await scene.until("up")
    assert {status for status, _ in await _traffic(scene, 0.5)} == {200}
    await asyncio.to_thread(_empty, scene.redis)
    assert {status for status, _ in await _traffic(scene, 1.0)} == {200}
    await scene.until("up")
    assert {status for status, _ in await _traffic(scene, 0.5)} == {200}
