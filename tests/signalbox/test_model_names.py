"""Names of one model are brought together, whoever wrote them."""

import pytest

from router_core.cost.reconciliation import KnownModel
from signalbox.model_names import catalogue_models

canonical = catalogue_models()


@pytest.mark.parametrize(
    ("name", "vendor", "known"),
    [
        ("gpt-4o", "openai", "gpt-4o"),
        ("gpt-4o-2024-08-06", "openai", "gpt-4o"),
        ("gpt-4o-mini-2024-07-18", "openai", "gpt-4o-mini"),
        ("GPT-4o", "openai", "gpt-4o"),
        ("claude-haiku-4-5-20251001", "anthropic", "claude-haiku-4-5"),
        ("Claude Haiku 4.5", "anthropic", "claude-haiku-4-5"),
        ("claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("Claude Sonnet 4.5", "anthropic", "claude-sonnet-4-5"),
        ("my-own-model-2026-01-01", "", "my-own-model"),
        ("", "", ""),
    ],
)
def test_a_model_has_one_name(name: str, vendor: str, known: str) -> None:
    assert canonical(name) == KnownModel(vendor, known)


def test_a_snapshot_with_a_price_of_its_own_keeps_its_own_line() -> None:
    assert canonical("gpt-4o-2024-05-13").name == "gpt-4o-2024-05-13"
