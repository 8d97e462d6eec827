"""Calls to make in the tests of this folder."""

from typing import Any

from router_core.types import CallTimeouts, Capabilities, LLMRequest, ProviderCall, ProviderConfig, ProviderKind, Secret

KEY = "sk-proj-canary-0123456789"


def call_to(
    kind: ProviderKind,
    base_url: str | None = None,
    *,
    model: str | None = None,
    key: str = KEY,
    timeouts: CallTimeouts | None = None,
    capabilities: Capabilities | None = None,
    **request: Any,
) -> ProviderCall:
    """Return a call; without ``prompt`` or ``messages`` it just says hello."""
    if "messages" not in request:
        request.setdefault("prompt", "Say hello")
    row = ProviderConfig(
        id="1",
        name=f"{kind}-row",
        kind=kind,
        model=model or {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5"}[kind],
        use_cases=("general",),
        max_tokens=1000,
        context_window=100_000,
        base_url=base_url,
        capabilities=capabilities or Capabilities(),
    )
    return ProviderCall(
        request=LLMRequest(**request),
        provider=row,
        key=Secret(key),
        max_tokens=256,
        timeouts=timeouts or CallTimeouts(),
    )
