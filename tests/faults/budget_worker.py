"""One process of the budget run: a whole runtime on the shared store that asks for one account, many at a time.

It says when it is ready, waits to be told before it begins, and tells how its requests ended.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from multiprocessing.connection import Connection

from router_core.cost.prices import FixedPrices
from router_core.errors import LLMError
from router_core.types import LLMRequest, Principal, Rates
from signalbox.bootstrap import Overrides, Runtime, build
from signalbox.settings import read_settings

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


async def work(named: Mapping[str, str], account: str, requests: int, at_once: int, end: Connection) -> None:
    """Send ``requests``, ``at_once`` of them at a time, with the settings in ``named``."""
    runtime = await build(read_settings(named), migrate=False, overrides=Overrides(prices=PRICES))
    principal = Principal(kind="key", id="budget-run", name="run", role="service", accounts=(account,))
    end.send("ready")
    await asyncio.to_thread(end.recv)
    ends: Counter[str] = Counter()
    left = iter(range(requests))

    async def lane() -> None:
        for number in left:
            ends[await ask(runtime, principal, f"budget-{number}")] += 1

    await asyncio.gather(*(lane() for _ in range(at_once)))
    trips = runtime.budget.trips
    await runtime.close()
    ends["trips"] = trips
    end.send(ends)


def begin(named: Mapping[str, str], account: str, requests: int, at_once: int, end: Connection) -> None:
    """Work to the end in this process."""
    asyncio.run(work(named, account, requests, at_once, end))
