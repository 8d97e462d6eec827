"""``--divide-limits``: workers that know nothing of each other's counts admit together what one would."""

from pathlib import Path

from router_core.errors import LLMError, RateLimitExceededError
from router_core.types import LLMRequest, Principal
from signalbox.bootstrap import Runtime, build
from signalbox.nodes import place_of_worker
from signalbox.settings import read_settings

BURST, WORKERS = 8, 2


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


async def test_each_of_two_workers_admits_half(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "SIGNALBOX_DATA_DIR": str(tmp_path),
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
            "SIGNALBOX_HEALTH_CHECKS": "false",
            "SIGNALBOX_RATE_LIMIT_RPS": "0.001",
            "SIGNALBOX_RATE_LIMIT_BURST": str(BURST),
            "SIGNALBOX_RETRY_ATTEMPTS": "1",
        }
    )
    for slot in range(1, WORKERS + 1):
        runtime = await build(settings, place=place_of_worker(8080, slot, WORKERS, divides=True))
        assert await admitted(runtime) == BURST // WORKERS
        await runtime.close()
