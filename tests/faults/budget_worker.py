"""One process of the budget run: a whole runtime on the shared store that asks for one account, many at a time.

``python -m tests.faults.budget_worker ACCOUNT REQUESTS AT_ONCE`` with the server's environment; it waits for a line on
standard input before it begins, and prints how its requests ended.
"""

import asyncio
import json
import sys
from collections import Counter

from router_core.cost.prices import FixedPrices
from router_core.errors import LLMError
from router_core.types import LLMRequest, Principal, Rates
from signalbox.bootstrap import Overrides, Runtime, build
from signalbox.settings import load_settings

TOKENS = 5
# Only what is written costs something, and everything that may be written is: the bound is the cost.
CENT = 10_000_000
PRICES = FixedPrices({"gpt-4o-mini": Rates.of(0, CENT * 1_000_000 // TOKENS)})
PROMPT = f"[[sim:output_tokens={TOKENS}]] hello"


async def ask(runtime: Runtime, principal: Principal, tag: str) -> str:
    """Send one request; return how it ended."""
    request = LLMRequest(prompt=PROMPT, model_override="gpt-4o-mini", max_tokens=TOKENS)
    try:
        await runtime.router.complete(request, principal, tag)
    except LLMError as error:
        return error.code
    return "served"


async def work(account: str, requests: int, at_once: int) -> Counter[str]:
    """Send ``requests``, ``at_once`` of them at a time."""
    runtime = await build(load_settings(), migrate=False, overrides=Overrides(prices=PRICES))
    principal = Principal(kind="key", id="budget-run", name="run", role="service", accounts=(account,))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    ends: Counter[str] = Counter()
    left = iter(range(requests))

    async def lane() -> None:
        for number in left:
            ends[await ask(runtime, principal, f"budget-{number}")] += 1

    await asyncio.gather(*(lane() for _ in range(at_once)))
    trips = runtime.budget.trips
    await runtime.close()
    ends["trips"] = trips
    return ends


if __name__ == "__main__":
    print(json.dumps(asyncio.run(work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))), flush=True)
