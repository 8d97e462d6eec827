"""``signalbox ask``: one request from the terminal, and why it went where it went."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from msgspec import UNSET, Struct
from rich.console import Console
from rich.table import Table

from router_core.client import AsyncRouterClient, LLMRouterError
from router_core.types import Decision, FinishPart, LLMRequest, LLMResponse, StreamPart, TextDelta
from signalbox.bootstrap import Runtime, build
from signalbox.commands.output import print_json
from signalbox.commands.server_access import server_access
from signalbox.faults import CommandFault, DependencyFault, UsageFault
from signalbox.logs import configure_logs
from signalbox.settings import Settings, load_settings
from signalbox.stored_keys import needed_keys
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
    """Answer the prompt on standard output, by a router of our own or, where SIGNALBOX_URL is set, over HTTP."""
    settings = load_settings().in_folder(options.data_dir)
    configure_logs(settings)
    response = asyncio.run(_ask_embedded(options, settings) if settings.url is None else _ask_server(options, settings))
    if options.as_json:
        print_json(response)
    elif options.explain and response.decision is not UNSET:
        _print_decision(response, response.decision)


class _Answerer(Protocol):
    """Whoever answers: the router itself, or a client of a running one."""

    async def whole(self, request: LLMRequest) -> LLMResponse: ...

    def parts(self, request: LLMRequest) -> AsyncGenerator[StreamPart, None]: ...


class _Embedded:
    """The router in this process."""

    def __init__(self, runtime: Runtime) -> None:
        self._router = runtime.router

    async def whole(self, request: LLMRequest) -> LLMResponse:
        return await self._router.complete(request)

    def parts(self, request: LLMRequest) -> AsyncGenerator[StreamPart, None]:
        return self._router.stream(request)


class _Remote:
    """A running server."""

    def __init__(self, client: AsyncRouterClient) -> None:
        self._client = client

    async def whole(self, request: LLMRequest) -> LLMResponse:
        return await self._client.call(request)

    async def parts(self, request: LLMRequest) -> AsyncGenerator[StreamPart, None]:
        async with self._client.stream(request) as parts:
            async for part in parts:
                yield part


async def _ask_embedded(options: AskOptions, settings: Settings) -> LLMResponse:
    _require_providers(settings)
    runtime = await build(settings, migrate=False)
    try:
        return await _answer(options, _Embedded(runtime))
    finally:
        await runtime.close()


async def _ask_server(options: AskOptions, settings: Settings) -> LLMResponse:
    url, key = server_access(settings, None)
    async with AsyncRouterClient(url, key) as client:
        try:
            return await _answer(options, _Remote(client))
        except LLMRouterError as error:
            raise _fault_of(error, url) from None


def _fault_of(error: LLMRouterError, url: str) -> CommandFault:
    """Return the fault whose exit code a router of our own would have led to."""
    if error.status_code is None and error.code == "NETWORK":
        return DependencyFault(f"no answer from {url}: {error.message}")
    kind = UsageFault if error.status_code in (400, 404) else CommandFault
    return kind(f"{error.message} ({error.code})")


async def _answer(options: AskOptions, answerer: _Answerer) -> LLMResponse:
    request = LLMRequest(
        prompt=options.prompt,
        use_case=options.use_case,
        model_override=options.model,
        stream=options.stream,
        explain=options.explain,
    )
    if options.stream and not options.as_json:
        return await _print_stream(answerer.parts(request))
    response = await answerer.whole(request)
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
    findings = summarize(settings, stored_keys=needed_keys(settings))
    faults = [finding.text for finding in findings if finding.level == "fault"]
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
