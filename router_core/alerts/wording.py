"""What an alert says, in one plain sentence: on the screen, in a webhook, in an e-mail."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from router_core.types import Alert, dollars

__all__ = ["TEST_SENTENCE", "owner_in_words", "sentence"]

TEST_SENTENCE: Final = "This is a test from Signalbox: alerts reach you here"
_OWNERS: Final[Mapping[str, str]] = MappingProxyType(
    {"installation": "The installation", "account": "Account", "key": "API key", "use_case": "Use case",
     "provider": "Provider"}
)  # fmt: skip


def sentence(alert: Alert, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what ``alert`` says; ``names`` are those of accounts, by id."""
    if alert.kind == "unpriced":
        by = f" ({alert.detail})" if alert.detail else ""
        known = f"No price is known for the model {alert.subject}{by}"
        return f"{known}: budgets refuse it, and what it serves is in no sum"
    owner, period = owner_in_words(alert.subject, names), alert.subject.rpartition(":")[2]
    figures = f"{dollars(alert.spent)} of {dollars(alert.limit)}"
    match alert.kind:
        case "threshold":
            return f"{owner} has spent {alert.threshold} % of its {period} budget: {figures}"
        case "burn_fast" | "burn_slow":
            pace = "fast" if alert.kind == "burn_fast" else "steadily"
            return f"{owner} is spending its {period} budget {pace}: {alert.detail}, {figures} so far"
        case "overage":
            return f"{owner} was charged {alert.detail} beyond what was held of its {period} budget: {figures}"


def owner_in_words(subject: str, names: Mapping[str, str]) -> str:
    """Return whose budget the pot ``subject`` is."""
    scope, _, rest = subject.partition(":")
    target = rest.rpartition(":")[0]
    return f"{_OWNERS.get(scope, scope)} {names.get(target, target) if scope == 'account' else target}".strip()
