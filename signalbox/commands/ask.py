"""``signalbox ask``: one request from the terminal, and why it went where it went."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from msgspec import UNSET, Struct
from rich.console import Console
from rich.table import Table

from router_core.types import Decision, FinishPart, LLMRequest, LLMResponse, StreamPart, TextDelta
from signalbox.bootstrap import Runtime, build
from signalbox.commands.output import print_json
from signalbox.faults import UsageFault
from signalbox.logs import configure_logs
from signalbox.settings import Settings, load_settings
from signalbox.summary import summarize

__all__ = ["AskOptions", "run"]


class AskOptions(Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    prompt: str
    use_case: str
    model: str | None
    stream: bool
    as_json: bool
    explain: bool
    data_dir: Path | None


def run(options: AskOptions) -> None:
    """Answer the prompt on standard output."""
    settings = load_settings().in_folder(options.data_dir)
    configure_logs(settings)
    _require_providers(settings)
    response = asyncio.run(_ask(options, settings))
    if options.as_json:
        print_json(response)
    elif options.explain and response.decision is not UNSET:
        _print_decision(response, response.decision)


async def _ask(options: AskOptions, settings: Settings) -> LLMResponse:
    runtime = await build(settings, migrate=False)
    try:
        return await _answer(options, runtime)
    finally:
        await runtime.close()


async def _answer(options: AskOptions, runtime: Runtime) -> LLMResponse:
    request = LLMRequest(
        prompt=options.prompt,
        use_case=options.use_case,
        model_override=options.model,
        stream=options.stream,
        explain=options.explain,
    )
    if options.stream and not options.as_json:
        return await _print_stream(runtime.router.stream(request))
    response = await runtime.router.complete(request)
    if not options.as_json:
        sys.stdout.write(response.text + "\n")
    return response


async def _print_stream(parts: AsyncGenerator[StreamPart, None]) -> LLMResponse:
    async with aclosing(parts):
        async for part in parts:
            match part:
                case TextDelta():
                    sys.stdout.write(part.text)
                    sys.stdout.flush()
                case FinishPart():
                    sys.stdout.write("\n")
                    return part.response
    raise AssertionError("a stream that did not fail ends in a finish part")


def _require_providers(settings: Settings) -> None:
    faults = [finding.text for finding in summarize(settings) if finding.level == "fault"]
    if faults:
        raise UsageFault("; ".join(faults))


def _print_decision(response: LLMResponse, decision: Decision) -> None:
    console = Console(stderr=True)
    table = Table(title=f"Use case {decision.use_case}, configuration {decision.revision}", title_justify="left")
    for heading in ("provider", "model", "", "why"):
        table.add_column(heading)
    for each in decision.considered:
        table.add_row(each.provider, each.model, "kept" if each.kept else "dropped", each.reason)
    console.print(table)
    calls = Table(title="Calls", title_justify="left")
    for heading in ("#", "provider", "model", "outcome", "ms"):
        calls.add_column(heading)
    for attempt in decision.attempts:
        calls.add_row(
            str(attempt.number), attempt.provider, attempt.model, attempt.outcome, f"{attempt.latency_ms:,.0f}"
        )
    console.print(calls)
    cost = "no price" if response.cost.usd is None else f"${response.cost.usd}"
    usage = response.usage
    console.print(
        f"{usage.prompt_tokens:,} + {usage.completion_tokens:,} tokens, {cost}, {response.latency_ms:,.0f} ms"
    )
