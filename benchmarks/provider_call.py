"""CPU time of one provider call in this process: the SDK's own ``create`` beside our adapter.

``python -m benchmarks.provider_call`` starts the simulator as another process, interleaves the candidates round by
round and prints the median of process CPU time (user and system) per call, in microseconds.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anthropic
import openai
import uvloop

from router_core.egress.fence import Fence
from router_core.egress.places import Egress
from router_core.providers import AdapterRegistry
from router_core.providers.anthropic import AnthropicAdapter
from router_core.providers.openai import OpenAIAdapter
from router_core.types import CallTimeouts, LLMRequest, ProviderCall, ProviderConfig, ProviderKind, Secret

READY = "simulator ready on "
KEY = "sk-benchmark-key"
MODELS: dict[ProviderKind, str] = {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5"}
PROMPT = "Tell me about the sea. " * 8
STREAM_TOKENS = 50
CONCURRENCY = 16
Candidate = Callable[[], Awaitable[int]]


class PublicOpenAI(OpenAIAdapter):
    """The OpenAI adapter without request templates."""

    client_class = openai.AsyncOpenAI


class PublicAnthropic(AnthropicAdapter):
    """The Anthropic adapter without request templates."""

    client_class = anthropic.AsyncAnthropic


def provider_call(kind: ProviderKind, base_url: str) -> ProviderCall:
    """Return the call that every candidate makes."""
    row = ProviderConfig(
        id="1",
        name=kind,
        kind=kind,
        model=MODELS[kind],
        use_cases=("general",),
        max_tokens=4096,
        context_window=128_000,
        base_url=base_url,
    )
    request = LLMRequest(prompt=PROMPT)
    return ProviderCall(
        request=request, provider=row, key=Secret(KEY), max_tokens=STREAM_TOKENS, timeouts=CallTimeouts()
    )


def adapter_candidates(adapter: Any, call: ProviderCall) -> tuple[Candidate, Candidate]:
    """Return the whole and the streamed call through one of our adapters; each says how many pieces came."""

    async def whole() -> int:
        answer = await adapter.complete(call)
        return 1 if answer.text else 0

    async def stream() -> int:
        return sum([1 async for _ in adapter.stream(call)])

    return whole, stream


def openai_sdk_candidates(base_url: str) -> tuple[Candidate, Candidate]:
    """Return the whole and the streamed call as one writes them first with the OpenAI SDK."""
    client: Any = openai.AsyncOpenAI(api_key=KEY, base_url=base_url, max_retries=0)
    asked = {"model": MODELS["openai"], "messages": [{"role": "user", "content": PROMPT}], "max_tokens": STREAM_TOKENS}

    async def whole() -> int:
        answer = await client.chat.completions.create(**asked)
        return 1 if answer.choices[0].message.content else 0

    async def stream() -> int:
        chunks = await client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
        return sum([1 async for _ in chunks])

    return whole, stream


def anthropic_sdk_candidates(base_url: str) -> tuple[Candidate, Candidate]:
    """Return the whole and the streamed call as one writes them first with the Anthropic SDK."""
    client: Any = anthropic.AsyncAnthropic(api_key=KEY, base_url=base_url, max_retries=0)
    asked = {
        "model": MODELS["anthropic"],
        "messages": [{"role": "user", "content": PROMPT}],
        "max_tokens": STREAM_TOKENS,
    }

    async def whole() -> int:
        return 1 if (await client.messages.create(**asked)).content else 0

    async def stream() -> int:
        return sum([1 async for _ in await client.messages.create(**asked, stream=True)])

    return whole, stream


async def cpu_per_call(candidate: Candidate, calls: int) -> tuple[float, float]:
    """Return CPU microseconds per call and pieces per call. Raises RuntimeError for an empty answer."""
    pieces = 0

    async def worker(share: int) -> None:
        nonlocal pieces
        for _ in range(share):
            got = await candidate()
            if not got:
                raise RuntimeError("a call came back empty")
            pieces += got

    share = max(1, calls // CONCURRENCY)
    before = time.process_time()
    await asyncio.gather(*(worker(share) for _ in range(CONCURRENCY)))
    made = share * CONCURRENCY
    return (time.process_time() - before) / made * 1e6, pieces / made


async def measure(base_url: str, calls: int, rounds: int) -> None:
    """Run every candidate in interleaved rounds and print the table."""
    registry = AdapterRegistry(egress=Egress(Fence(["127.0.0.1"])))
    rows: dict[str, Candidate] = {}
    for kind in MODELS:
        place = f"{base_url}/v1" if kind == "openai" else base_url
        call = provider_call(kind, place)
        adapter: Any = await registry.adapter(kind)
        public_class = PublicOpenAI if kind == "openai" else PublicAnthropic
        public = public_class(adapter._http_client, adapter._clock, place)  # noqa: SLF001 - the same pool for both
        sdk = openai_sdk_candidates(place) if kind == "openai" else anthropic_sdk_candidates(place)
        ways = (("SDK create", sdk), ("adapter, public", adapter_candidates(public, call)))
        for way, pair in (*ways, ("adapter, templated", adapter_candidates(adapter, call))):
            rows[f"{kind:10} json    {way}"], rows[f"{kind:10} stream  {way}"] = pair
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
    for candidate in rows.values():
        await cpu_per_call(candidate, CONCURRENCY)
    for _ in range(rounds):
        for name, candidate in rows.items():
            share = calls if "json" in name else max(CONCURRENCY, calls // 4)
            found[name].append(await cpu_per_call(candidate, share))
    await registry.close()
    for name in sorted(found):
        cost, pieces = (statistics.median(column) for column in zip(*found[name], strict=True))
        print(f"{name:42} {cost:9.0f} µs a call   {pieces:6.1f} pieces   {cost / pieces:7.1f} µs a piece")


def main() -> None:
    """Start the simulator, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    command = [sys.executable, "-m", "simulator", "--fast", "--port", "0"]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        base_url = process.stdout.readline().removeprefix(READY).strip()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(base_url, options.calls, options.rounds))
    finally:
        process.terminate()
        process.wait(5)


if __name__ == "__main__":
    main()
