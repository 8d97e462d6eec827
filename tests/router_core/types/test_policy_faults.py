"""What a policy says about providers that does not hold."""

from typing import Any

import pytest

from router_core.types import Canary, PolicyFault, Snapshot, UseCasePolicy, policy_faults
from tests.support.core_fakes import provider

ROWS = [
    provider("a"),
    provider("elsewhere", use_cases=("draft",)),
    provider("off", is_active=False),
    provider("own", account_id="acme"),
]


def faults(**fields: Any) -> list[PolicyFault]:
    return policy_faults("general", UseCasePolicy(**fields), Snapshot(ROWS).by_name)


def test_a_policy_that_holds_has_none() -> None:
    named = {"a": 1, "own": 2, "elsewhere": 3}
    assert faults(strategy="weighted", order=("elsewhere", "off"), weights=named, canary=Canary("a", 5)) == []


@pytest.mark.parametrize(
    ("fields", "field", "message", "harmless"),
    [
        ({"order": ("a", "gone")}, "order", "there is no provider 'gone'", False),
        ({"weights": {"gone": 1}}, "weights", "there is no provider 'gone'", False),
        ({"weights": {"elsewhere": 1}}, "weights", "does not serve 'general'", False),
        ({"weights": {"a": 1}}, "weights", "counts with the strategy weighted only", True),
        ({"canary": Canary("gone", 5)}, "canary.provider", "there is no provider 'gone'", False),
        ({"canary": Canary("off", 5)}, "canary.provider", "provider 'off' is switched off", False),
        ({"canary": Canary("own", 5)}, "canary.provider", "only one account sees provider 'own'", True),
    ],
)
def test_each_fault_names_its_field_and_the_provider(
    fields: dict[str, Any], field: str, message: str, harmless: bool
) -> None:
    (fault,) = faults(**fields)
    assert (fault.field, fault.harmless) == (field, harmless)
    assert message in fault.message


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"order": ("a", "a")}, "order"),
        ({"order": ("",)}, "order"),
        ({"order": ("x" * 257,)}, "order"),
        ({"weights": {"a": -1}}, "weights"),
        ({"weights": {"a": 1_000_001}}, "weights"),
        ({"weights": {f"row-{number}": 1 for number in range(1_001)}}, "weights"),
    ],
)
def test_what_no_policy_can_say_is_refused_by_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        UseCasePolicy(**fields)


@pytest.mark.parametrize("percent", [0, -1, 100.01, float("nan"), float("inf")])
def test_a_canary_is_for_some_or_all_requests(percent: float) -> None:
    with pytest.raises(ValueError, match="percent"):
        Canary("a", percent)
