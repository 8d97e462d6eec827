"""Which model names the simulated vendors know, and the dated name each answers with."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Vendor = Literal["openai", "anthropic"]

CREATED_EPOCH: Final = 1_721_172_741
DATED_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
        "gpt-4o": "gpt-4o-2024-08-06",
        "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
        "gpt-4.1": "gpt-4.1-2025-04-14",
        "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
        "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
        "gpt-5": "gpt-5-2025-08-07",
        "gpt-5-mini": "gpt-5-mini-2025-08-07",
        "gpt-5-nano": "gpt-5-nano-2025-08-07",
        "o1": "o1-2024-12-17",
        "o3": "o3-2025-04-16",
        "o3-mini": "o3-mini-2025-01-31",
        "o4-mini": "o4-mini-2025-04-16",
        "claude-3-5-haiku-latest": "claude-3-5-haiku-20241022",
        "claude-sonnet-4-0": "claude-sonnet-4-20250514",
        "claude-opus-4-1": "claude-opus-4-1-20250805",
        "claude-opus-4-5": "claude-opus-4-5-20251101",
        "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
        "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    }
)
EMBEDDING_SIZES: Final[Mapping[str, int]] = MappingProxyType(
    {"text-embedding-3-small": 1_536, "text-embedding-3-large": 3_072, "text-embedding-ada-002": 1_536}
)
CONTEXT_TOKENS: Final[Mapping[str, int]] = MappingProxyType({"openai": 128_000, "anthropic": 200_000})

_KNOWN: Final = {
    "openai": re.compile(r"(gpt-|chatgpt-|o[134](-|$))[\w.:-]*"),
    "anthropic": re.compile(r"claude-[\w.:-]+"),
}
_REASONING: Final = re.compile(r"(o[134]|gpt-5)(-|$)")


def dated_name(vendor: Vendor, name: str) -> str | None:
    """Return the name the vendor answers with, or None for a model it does not have."""
    if _KNOWN[vendor].match(name) is None:
        return None
    return DATED_NAMES.get(name, name)


def is_reasoning(name: str) -> bool:
    """Return whether the model refuses ``max_tokens`` and wants ``max_completion_tokens``."""
    return _REASONING.match(name) is not None


def known_names(vendor: Vendor) -> list[str]:
    """Return every name the vendor's model list shows."""
    names = set(DATED_NAMES) | set(DATED_NAMES.values())
    others = EMBEDDING_SIZES if vendor == "openai" else ()
    return sorted([*(name for name in names if _KNOWN[vendor].match(name)), *others])
