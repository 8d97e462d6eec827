"""Which column of a usage export holds what, whatever its heading, and how its tokens make a total.

OpenAI counts cached tokens inside its input, Anthropic beside it; the headings tell which. Every total is all tokens
that were read and written, so that both compare with ours.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from router_core.cost.bill import BillFault, WrongBillError

__all__ = ["KNOWN_HEADINGS", "BillColumns", "Role", "find_columns"]

Role = Literal[
    "date", "model", "line_item", "tokens", "input", "fresh_input", "output", "cached", "cached_write", "cache_read",
    "cache_writes", "cache_write", "cache_write_1h", "cost", "currency", "batch", "tier",
]  # fmt: skip

# The first heading of a role that a file has is the one that counts.
KNOWN_HEADINGS: Final[Mapping[Role, tuple[str, ...]]] = {
    "date": ("date", "day", "usage_date_utc", "usage_date", "start_time_iso", "start_time", "starting_at", "timestamp"),
    "model": ("model", "model_version", "model_id", "model_name", "snapshot_id"),
    # A model and what of it was paid for: ``gpt-4o-2024-08-06, cached input``.
    "line_item": ("line_item",),
    "tokens": ("tokens", "total_tokens", "usage_total_tokens"),
    # With what a cache held where the provider counts that inside.
    "input": ("input_tokens", "n_context_tokens_total", "prompt_tokens", "usage_input_tokens", "context_tokens"),
    # Without anything from a cache.
    "fresh_input": (
        "uncached_input_tokens", "input_uncached_tokens", "usage_input_tokens_no_cache", "input_tokens_no_cache",
    ),
    "output": (
        "output_tokens", "n_generated_tokens_total", "completion_tokens", "usage_output_tokens", "generated_tokens",
    ),
    "cached": (
        "cached_tokens", "input_cached_tokens", "cached_input_tokens", "n_cached_context_tokens_total",
    ),
    "cached_write": ("input_cache_write_tokens",),
    "cache_read": (
        "cache_read_tokens", "cache_read_input_tokens", "usage_input_tokens_cache_read", "input_tokens_cache_read",
    ),
    # Writes of every lifetime together; where there are none such, those of each lifetime are added.
    "cache_writes": ("cache_creation_input_tokens", "cache_creation_tokens"),
    "cache_write": (
        "cache_write_tokens", "cache_write_5m_tokens", "usage_input_tokens_cache_write_5m",
        "input_tokens_cache_write_5m", "ephemeral_5m_input_tokens", "cache_creation.ephemeral_5m_input_tokens",
    ),
    "cache_write_1h": (
        "cache_write_1h_tokens", "usage_input_tokens_cache_write_1h", "input_tokens_cache_write_1h",
        "ephemeral_1h_input_tokens", "cache_creation.ephemeral_1h_input_tokens",
    ),
    "cost": ("cost", "cost_usd", "amount", "amount_value", "cost_in_usd", "total_cost", "usd"),
    "currency": ("currency", "amount_currency", "cost_currency"),
    "batch": ("batch", "is_batch"),
    "tier": ("usage_type", "service_tier"),
}  # fmt: skip
_ROLES: Final[Mapping[str, Role]] = {name: role for role, names in KNOWN_HEADINGS.items() for name in names}
_INSIDE: Final[tuple[Role, ...]] = ("cached", "cached_write")
_PARTS: Final[tuple[Role, ...]] = (*_INSIDE, "cache_read", "cache_writes", "cache_write", "cache_write_1h")
_INPUTS: Final[frozenset[Role]] = frozenset({"input", "fresh_input"})
_BETWEEN_WORDS: Final = re.compile(r"[\s\-()]+")


class BillColumns(Struct, frozen=True):
    """Where each role is in a line, and which of them make the total of tokens."""

    places: Mapping[Role, int]
    width: int
    summed: tuple[Role, ...]


def find_columns(headings: Sequence[str]) -> BillColumns:
    """Return what ``headings`` stand for; those that nobody knows are passed over.

    Raises :class:`WrongBillError` when date or model is missing, or both of tokens and cost are, or one comes twice.
    """
    names = [_BETWEEN_WORDS.sub("_", each.strip().lower()).strip("_") for each in headings]
    known = [each for each in names if each in _ROLES]
    faults = [BillFault(1, _ROLES[each], "is there twice") for each in sorted(set(known)) if known.count(each) > 1]
    places: dict[Role, int] = {}
    for role, words in KNOWN_HEADINGS.items():
        found = next((word for word in words if word in names), None)
        if found is not None:
            places[role] = names.index(found)
    summed = _summed(places)
    if "date" not in places:
        faults.append(BillFault(1, "date", "no such column; known are " + ", ".join(KNOWN_HEADINGS["date"])))
    if not {"model", "line_item"} & places.keys():
        faults.append(BillFault(1, "model", "no such column; known are " + ", ".join(KNOWN_HEADINGS["model"])))
    if "tokens" not in places and ("output" in places) != bool(_INPUTS & places.keys()):
        missing: Role = "input" if "output" in places else "output"
        faults.append(BillFault(1, missing, "no such column; input and output belong together"))
    elif not summed and "cost" not in places:
        faults.append(BillFault(1, "tokens", "neither tokens nor cost is there"))
    if faults:
        raise WrongBillError(faults)
    return BillColumns(places, len(headings), summed)


def _summed(places: Mapping[Role, int]) -> tuple[Role, ...]:
    """Return which columns added up are everything read and written."""
    if "tokens" in places:
        return ("tokens",)
    if "output" not in places:
        return ()
    beside: list[Role] = [each for each in _PARTS if each in places]
    if "cache_writes" in places:
        beside = [each for each in beside if each not in ("cache_write", "cache_write_1h")]
    if "input" in places:
        # What OpenAI calls cached is inside the input already.
        return ("input", "output", *(each for each in beside if each not in _INSIDE))
    return ("fresh_input", "output", *beside) if "fresh_input" in places else ()
