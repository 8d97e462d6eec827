"""The router inside a program of your own: no server, no store, the same policy.

Needs ``OPENAI_API_KEY`` or ``ANTHROPIC_API_KEY``; ``OPENAI_BASE_URL`` and ``ANTHROPIC_BASE_URL`` as the vendors' own
libraries have them.
"""

import asyncio
import os

from router_core import AdapterRegistry, LLMRequest, ProviderConfig, Router, Secret, StaticConfig
from router_core.clock import SystemClock
from router_core.cost.prices import FixedPrices
from router_core.metrics.collector import MetricsCollector
from router_core.security.fixed_keys import FixedKeys
from router_core.types import ProviderKind, Rates, parse_usd

VENDORS: tuple[ProviderKind, ...] = ("openai", "anthropic")
PROVIDERS = (
    ProviderConfig(
        id="1", name="small", kind="openai", model="gpt-4o-mini", use_cases=("draft", "general"),
        max_tokens=16_384, context_window=128_000, is_default=True,
    ),
    ProviderConfig(
        id="2", name="quick", kind="anthropic", model="claude-haiku-4-5", use_cases=("draft", "summary"),
        max_tokens=64_000, context_window=200_000,
    ),
)  # fmt: skip
# Dollars for a million tokens, in and out.
PRICES = {
    "gpt-4o-mini": Rates.of(parse_usd("0.15"), parse_usd("0.60")),
    "claude-haiku-4-5": Rates.of(parse_usd("1"), parse_usd("5")),
}


async def main() -> None:
    keys = {kind: Secret(os.environ.get(f"{kind.upper()}_API_KEY", "")) for kind in VENDORS}
    hosts = {kind: os.environ.get(f"{kind.upper()}_BASE_URL", "") for kind in VENDORS}
    adapters = AdapterRegistry(base_urls={kind: url for kind, url in hosts.items() if url})
    metrics = MetricsCollector(SystemClock())
    router = Router(
        config=StaticConfig(PROVIDERS),
        adapters=adapters,
        keys=FixedKeys(keys),
        prices=FixedPrices(PRICES),
        recorder=metrics,
    )
    try:
        request = LLMRequest(use_case="draft", prompt="Thank a customer for a good review, in one sentence.")
        answer = await router.complete(request)
        print(answer.text)
        print(f"-- {answer.provider}, ${answer.cost.usd}")
        print(f"-- {metrics.get_aggregated_metrics().request_count} request, breakers: {router.breakers()}")
    finally:
        await adapters.close()


if __name__ == "__main__":
    asyncio.run(main())
