"""How much a Claude model is to think, in the words that this model takes; pure functions."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from router_core.types import (
    Message,
    ReasoningEffort,
    ReasoningPart,
    ToolCallPart,
    ToolResultPart,
    ToolSelection,
    TunedRequest,
)

__all__ = ["BUDGETS", "effort_of_budget", "thinking_fields"]

# Tokens to think in, for models that want a number; the vendor takes no less than the smallest.
BUDGETS: Mapping[ReasoningEffort, int] = MappingProxyType(
    {"minimal": 1024, "low": 2048, "medium": 8192, "high": 24_576, "xhigh": 32_768, "max": 49_152}
)
_LEAST = 1024
_NEVER = re.compile(r"claude-(instant|2|3-(opus|sonnet|haiku|5))")
_BY_BUDGET = re.compile(r"claude-(3-7|(opus|sonnet|haiku)-4(-[015])?(-\d{8}|-latest)?$)")
_WORDS: Mapping[str, str] = MappingProxyType({"minimal": "low"})


def thinking_fields(request: TunedRequest, model: str, max_tokens: int) -> dict[str, Any]:
    """Return the fields that have ``model`` think as hard as ``request`` wants, none where that cannot be.

    A model does not think when it is told to use a tool, nor in a turn that it began without thoughts, nor without
    room for an answer behind them.
    """
    effort = request.effort
    if effort is None or effort == "none" or _NEVER.match(model) or _is_forced(request) or not _may_begin(request):
        return {}
    if _BY_BUDGET.match(model):
        budget = min(BUDGETS[effort], max_tokens // 2)
        return {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget >= _LEAST else {}
    return {"thinking": {"type": "adaptive"}, "output_config": {"effort": _WORDS.get(effort, effort)}}


def effort_of_budget(tokens: int) -> ReasoningEffort:
    """Return the least effort that allows for ``tokens`` of thinking, the greatest one for more than any."""
    return next((effort for effort, budget in BUDGETS.items() if tokens <= budget), "max")


def _is_forced(request: TunedRequest) -> bool:
    return request.tool_choice == "required" or isinstance(request.tool_choice, ToolSelection)


def _may_begin(request: TunedRequest) -> bool:
    """Say whether the turn that is to be gone on with began with thoughts of the vendor's, or is a new one."""
    for message in reversed(request.messages or ()):
        if message.role == "tool" or _is_result(message):
            continue
        return message.role != "assistant" or _begins_with_thoughts(message)
    return True


def _is_result(message: Message) -> bool:
    return not isinstance(message.content, str) and any(isinstance(part, ToolResultPart) for part in message.content)


def _begins_with_thoughts(message: Message) -> bool:
    if isinstance(message.content, str):
        return True
    sealed = any(isinstance(part, ReasoningPart) and (part.signature or part.data) for part in message.content)
    return sealed or not any(isinstance(part, ToolCallPart) for part in message.content)
