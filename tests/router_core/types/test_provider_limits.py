"""What a provider row may grant."""

from typing import Any

import msgspec
import pytest

from router_core.types import ProviderLimits


def test_nothing_is_limited_unless_said() -> None:
    assert msgspec.to_builtins(ProviderLimits()) == {}


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"max_concurrency": 1_000_001}, "max_concurrency"),
        ({"requests_per_second": 0}, "requests_per_second"),
        ({"requests_per_second": float("nan")}, "requests_per_second"),
        ({"requests_per_second": float("inf")}, "requests_per_second"),
        ({"requests_per_second": 1, "burst": 0}, "burst"),
        ({"burst": 10}, "burst"),
        ({"tokens_per_minute": -1}, "tokens_per_minute"),
    ],
)
def test_figures_that_make_no_sense_are_refused_by_name(limits: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        ProviderLimits(**limits)


def test_a_misspelt_limit_is_refused_by_name() -> None:
    with pytest.raises(msgspec.ValidationError, match="max_concurency"):
        msgspec.convert({"max_concurency": 3}, ProviderLimits)


def test_limits_are_read_back_as_they_were() -> None:
    limits = ProviderLimits(max_concurrency=20, requests_per_second=0.5, burst=3, tokens_per_minute=90_000)
    assert msgspec.convert(msgspec.to_builtins(limits), ProviderLimits) == limits
