"""Tools that the router runs itself, in a program that embeds it: one call, as many steps as it takes.

Needs ``OPENAI_API_KEY``; ``OPENAI_BASE_URL`` as the vendor's own library has it.
"""

import asyncio
import os

from router_core import AdapterRegistry, LLMRequest, ProviderConfig, Router, Secret, StaticConfig, ToolFormat
from router_core.clock import SystemClock
from router_core.cost.prices import FixedPrices
from router_core.metrics.collector import MetricsCollector
from router_core.security.fixed_keys import FixedKeys
from router_core.types import Rates, parse_usd

MODEL = "gpt-4o-mini"
PROVIDER = ProviderConfig(
    id="1", name="small", kind="openai", model=MODEL, use_cases=("general",), max_tokens=16_384, context_window=128_000
)
STOCK = ToolFormat(
    description="How many of a part are in stock.",
    parameters={"type": "object", "properties": {"part": {"type": "string"}}, "required": ["part"]},
)


async def in_stock(part: str) -> int:
    # Plain functions may be given too: they run in a thread.
    return {"valve": 12, "washer": 0}.get(part, 3)


async def main() -> None:
    url = os.environ.get("OPENAI_BASE_URL")
    adapters = AdapterRegistry(base_urls={"openai": url} if url else None)
    router = Router(
        config=StaticConfig([PROVIDER]),
        adapters=adapters,
        keys=FixedKeys({"openai": Secret(os.environ["OPENAI_API_KEY"])}),
        prices=FixedPrices({MODEL: Rates.of(parse_usd("0.15"), parse_usd("0.60"))}),
        recorder=MetricsCollector(SystemClock()),
    )
    router.register_tool("in_stock", STOCK, in_stock)
    try:
        # Whoever allows several steps is offered the registered tools.
        answer = await router.complete(LLMRequest(prompt="Do we have valves?", max_steps=3))
        print(answer.text)
        print(f"-- {answer.steps} steps, ${answer.cost.usd} in all")
    finally:
        await adapters.close()


if __name__ == "__main__":
    asyncio.run(main())
