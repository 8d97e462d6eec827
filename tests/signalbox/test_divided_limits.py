"""``--divide-limits``: workers that know nothing of each other's counts admit together what one would."""

import asyncio
from pathlib import Path

from router_core.clock import SystemClock
from router_core.errors import LLMError, RateLimitExceededError
from router_core.ports import AccountRecord
from router_core.types import LLMRequest, Principal
from signalbox.bootstrap import Runtime, build
from signalbox.commands.store_desk import COMMAND
from signalbox.nodes import place_of_worker
from signalbox.settings import Settings, read_settings
from tests.support.lateness import lateness

BURST, WORKERS = 8, 2
PATIENCE_S = 10.0
CLOCK = SystemClock()


async def admitted(runtime: Runtime) -> int:
    """Ask more often than the limit allows; return how many requests the limiter let pass. No provider is there."""
    caller = Principal(kind="key", id="k", name="k", role="service", accounts=("acme",))
    passed = 0
    for _ in range(2 * BURST):
        try:
            await runtime.router.complete(LLMRequest(prompt="hi", model_override="gpt-4o-mini"), caller)
        except RateLimitExceededError:
            continue
        except LLMError:
            passed += 1
    return passed


def settings_in(folder: Path) -> Settings:
    return read_settings(
        {
            "SIGNALBOX_DATA_DIR": str(folder),
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
            "SIGNALBOX_HEALTH_CHECKS": "false",
            "SIGNALBOX_RATE_LIMIT_RPS": "0.001",
            "SIGNALBOX_RATE_LIMIT_BURST": str(BURST),
            "SIGNALBOX_RETRY_ATTEMPTS": "1",
        }
    )


async def test_each_of_two_workers_admits_half(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    for slot in range(1, WORKERS + 1):
        runtime = await build(settings, place=place_of_worker(8080, slot, WORKERS, divides=True))
        assert await admitted(runtime) == BURST // WORKERS
        await runtime.close()


async def test_a_reset_at_one_worker_reaches_the_other_within_two_seconds(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    places = [place_of_worker(8080, slot, WORKERS, divides=True) for slot in range(1, WORKERS + 1)]
    one, other = [await build(settings, place=place) for place in places]
    await one.accounts.create(
        AccountRecord(id="acme", name="acme", timezone="UTC", is_active=True, created_at=CLOCK.utcnow())
    )
    for worker in (one, other):
        await admitted(worker)
        assert await admitted(worker) == 0
    assert (await one.limit_desk.limit("account", "acme", COMMAND)).processes == WORKERS
    with lateness() as late:
        began = CLOCK.now()
        await one.limit_desk.reset_limit("account", "acme", COMMAND)
        assert await admitted(one) == BURST // WORKERS
        async with asyncio.timeout(PATIENCE_S):
            while not (let_in := await admitted(other)):
                await CLOCK.sleep(0.02)
        took = CLOCK.now() - began
    assert let_in == BURST // WORKERS
    assert took < 2 + late.allowed_s
    for worker in (one, other):
        await worker.close()
