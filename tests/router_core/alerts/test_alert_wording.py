"""One plain sentence for each kind of alert; who wants which."""

from typing import Any

import pytest

from router_core.alerts.policy import DeliveryPolicy, wait_after
from router_core.alerts.wording import sentence
from router_core.types import ALERT_KINDS
from tests.support.alert_worlds import DOLLAR, alert, channel

NAMES = {"acme": "Acme Corporation"}

FIGURES = "($80.10 of $100.00, and one may cost $25.00)"
UNPRICED = "budgets refuse it, and what it serves is in no sum"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Account Acme Corporation has spent 80 % of its daily budget: $80.10 of $100.00"),
        (
            {"subject": "installation::monthly", "threshold": 100, "spent": 100 * DOLLAR},
            "The installation has spent 100 % of its monthly budget: $100.00 of $100.00",
        ),
        (
            {"subject": "use_case:draft:daily", "kind": "burn_fast", "detail": "$26.00 within 1 hour"},
            "Use case draft is spending its daily budget fast: $26.00 within 1 hour, $80.10 of $100.00 so far",
        ),
        (
            {"subject": "key:acme:monthly", "kind": "burn_slow", "detail": "$5.00 within 6 hours"},
            "API key acme is spending its monthly budget steadily: $5.00 within 6 hours, $80.10 of $100.00 so far",
        ),
        (
            {"subject": "provider:a:b:daily", "kind": "overage", "detail": "$0.000000001"},
            "Provider a:b was charged $0.000000001 beyond what was held of its daily budget: $80.10 of $100.00",
        ),
        (
            {"subject": "account:acme:daily", "kind": "spent_out", "detail": "$25.00"},
            "Requests are refused: the daily budget of account Acme Corporation is spent " + FIGURES,
        ),
        (
            {"subject": "key:k1:monthly", "kind": "spent_out", "detail": "$25.00"},
            "Requests are refused: the monthly budget of API key k1 is spent " + FIGURES,
        ),
        (
            {"subject": "provider:p:daily", "kind": "spent_out", "detail": "$25.00"},
            "Requests go elsewhere or are refused: the daily budget of provider p is spent " + FIGURES,
        ),
        (
            {"subject": "account:acme:daily", "kind": "unpriced", "detail": "provider p"},
            "No price is known for the model account:acme:daily (provider p): " + UNPRICED,
        ),
        (
            {"subject": "odd", "kind": "unpriced"},
            "No price is known for the model odd: " + UNPRICED,
        ),
    ],
)
def test_every_kind_is_one_plain_sentence(changes: dict[str, Any], said: str) -> None:
    assert sentence(alert(**changes), NAMES) == said


def test_an_account_without_a_known_name_is_called_by_its_id() -> None:
    assert sentence(alert()).startswith("Account acme has spent")


def test_a_channel_carries_what_it_names_for_the_account_it_names() -> None:
    assert all(channel().wants(alert(kind=kind)) for kind in ALERT_KINDS)
    assert not channel(active=False).wants(alert())
    assert not channel(kinds=("overage",)).wants(alert())
    assert channel(account_id="acme").wants(alert())
    assert channel(account_id="acme").wants(alert(subject="account:acme:monthly"))
    for subject in ("account:acme2:daily", "key:acme:daily", "installation::daily"):
        assert not channel(account_id="acme").wants(alert(subject=subject))
    assert not channel(account_id="acme").wants(alert(kind="unpriced", subject="account:acme:daily"))


def test_an_alert_is_known_by_what_may_be_raised_once() -> None:
    assert alert().id == alert(spent=5, detail="other").id
    keys: list[dict[str, Any]] = [
        {"kind": "burn_fast"},
        {"subject": "x"},
        {"period": "x"},
        {"threshold": 1},
        {"limit": 1},
    ]
    assert len({alert(**each).id for each in [*keys, {}]}) == 6


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 10), (2, 30), (3, 120), (4, 600), (5, 3_600), (6, 21_600), (7, None), (90, None)]
)
def test_waits_grow_and_end(attempts: int, seconds: float | None) -> None:
    least, most = (wait_after(attempts, chance, DeliveryPolicy()) for chance in (0.0, 0.999999))
    if seconds is None:
        assert (least, most) == (None, None)
        return
    assert least == pytest.approx(0.8 * seconds)
    assert most == pytest.approx(1.2 * seconds, rel=1e-5)
