"""PostgreSQL stops or hangs under traffic: no request fails or waits for it, and each is on record afterwards, once."""

import asyncio
import json
import math
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from db.engine import make_engine, reading
from tests.faults.record_kills import LastingServer
from tests.support.lateness import lateness
from tests.support.postgres_server import running_server
from tests.support.simulator_process import SimulatorProcess

RATE = 60
BEFORE_S, OUTAGE_S, AFTER_S = 1.0, 4.0, 2.0
# What a request may take more at the 99th percentile while the store is away; a look at it would take 2 s.
MOST_ADDED_S = 1.0
PATIENCE_S = 60.0


async def _traffic(server: LastingServer, seconds: float, codes: Counter[Any], taken: list[float]) -> None:
    """Send requests at a steady rate; in ``taken`` are their seconds, in the order in which they were sent."""
    headers = {"authorization": f"Bearer {server.facts['api_key']}"}
    async with aiohttp.ClientSession() as session:
        taken.extend([math.inf] * round(seconds * RATE))

        async def one(number: int) -> None:
            begun = time.monotonic()
            body = {"prompt": "hi [[sim:output_tokens=5]]", "useCase": "draft", "maxTokens": 20}
            named = {**headers, "x-request-id": f"outage-{number}"}
            async with session.post(f"{server.base_url}/api/llm", json=body, headers=named) as answer:
                await answer.read()
                codes[answer.status] += 1
                taken[number] = time.monotonic() - begun

        async with asyncio.TaskGroup() as tasks:
            for number in range(round(seconds * RATE)):
                tasks.create_task(one(number))
                await asyncio.sleep(1 / RATE)


def _stats(server: LastingServer, key: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{server.base_url}/api/admin/stats", headers={"x-api-key": key})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.loads(answer.read())
        return found


def _warm_up(server: LastingServer) -> None:
    """Send a first request: it loads what the server needs for a call, and leases the account's first money."""
    request = urllib.request.Request(
        f"{server.base_url}/api/llm",
        json.dumps({"prompt": "hi", "useCase": "draft"}).encode(),
        {"authorization": f"Bearer {server.facts['api_key']}", "content-type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).close()


async def _seen_down(server: LastingServer, key: str) -> dict[str, Any]:
    """Return what operators see, once they see that the store is away and that rows wait for it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await asyncio.to_thread(_stats, server, key)
            (store,) = [each for each in found["dependencies"] if each["name"] == "store"]
            if store["state"] == "down" and found["recorder"]["pending"]:
                return found
            await asyncio.sleep(0.05)


def _p99(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.99)]


@pytest.mark.postgres
@pytest.mark.parametrize("fault", ["stopped", "hanging"])
def test_no_request_fails_or_waits_and_none_is_lost(fault: str, tmp_path: Path) -> None:
    with running_server() as database, SimulatorProcess() as simulator:
        url = database.url(database.new_database())
        server = LastingServer(
            tmp_path / "data", simulator.openai_url, simulator.base_url, SIGNALBOX_HEALTH_CHECKS="false",
            SIGNALBOX_AUDIT_FLUSH_S="1",
            SIGNALBOX_RATE_LIMIT_RPS="1000", SIGNALBOX_RATE_LIMIT_BURST="1000", DATABASE_URL=url,
        )  # fmt: skip
        server.store = {"DATABASE_URL": url}
        server.start()
        codes: Counter[Any] = Counter()
        taken: list[float] = []
        begin, end = {
            "stopped": (database.stop, database.start),
            "hanging": (database.suspend, database.resume),
        }[fault]
        try:
            admin = server.command("keys", "create", "--account", "acme", "--role", "admin")["key"]
            assert _stats(server, admin)["recorder"]["state"] == "ok"
            _warm_up(server)

            async def run() -> dict[str, Any]:
                traffic = asyncio.create_task(_traffic(server, BEFORE_S + OUTAGE_S + AFTER_S, codes, taken))
                await asyncio.sleep(BEFORE_S)
                await asyncio.to_thread(begin)
                await asyncio.sleep(OUTAGE_S)
                during = await _seen_down(server, admin)
                await asyncio.to_thread(end)
                await traffic
                return during

            with lateness() as late:
                during = asyncio.run(run())
            assert server.stop(45) == 0
        finally:
            server.kill()
        (store,) = [each for each in during["dependencies"] if each["name"] == "store"]
        assert (store["state"], store["outages"]) == ("down", 1)
        assert during["recorder"]["pending"] > 0
        before, away = round(BEFORE_S * RATE), round((BEFORE_S + OUTAGE_S) * RATE)
        assert _p99(taken[before:away]) < _p99(taken[:before]) + MOST_ADDED_S + late.allowed_s
        assert codes == {200: round((BEFORE_S + OUTAGE_S + AFTER_S) * RATE)}
        assert server.command("audit", "verify")["sound"]
        engine = make_engine(url)
        with reading(engine).connect() as connection:
            query = "SELECT request_id FROM audit_log WHERE status = 'success' AND request_id LIKE 'outage-%'"
            rows = Counter(connection.scalars(text(query)))
        engine.dispose()
        assert len(rows) == sum(codes.values())
        assert set(rows.values()) == {1}
