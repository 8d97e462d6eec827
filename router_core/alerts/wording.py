"""What an alert says, in one plain sentence: on the screen, in a webhook, in an e-mail."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from router_core.types import Alert, dollars

__all__ = ["TEST_SENTENCE", "owner_in_words", "sentence"]

TEST_SENTENCE: Final = "This is a test from Signalbox: alerts reach you here"
_OWNERS: Final[Mapping[str, str]] = MappingProxyType(
    {"installation": "the installation", "account": "account", "key": "API key", "use_case": "use case",
     "provider": "provider"}
)  # fmt: skip


def sentence(alert: Alert, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what ``alert`` says; ``names`` are those of accounts, by id."""
    if alert.kind == "unpriced":
        by = f" ({alert.detail})" if alert.detail else ""
        known = f"No price is known for the model {alert.subject}{by}"
        return f"{known}: budgets refuse it, and what it serves is in no sum"
    whose, period = owner_in_words(alert.subject, names), alert.subject.rpartition(":")[2]
    owner = whose[:1].upper() + whose[1:]
    figures = f"{dollars(alert.spent)} of {dollars(alert.limit)}"
    match alert.kind:
        case "threshold":
            return f"{owner} has spent {alert.threshold} % of its {period} budget: {figures}"
        case "burn_fast" | "burn_slow":
            pace = "fast" if alert.kind == "burn_fast" else "steadily"
            return f"{owner} is spending its {period} budget {pace}: {alert.detail}, {figures} so far"
        case "spent_out":
            become = "go elsewhere or are refused" if alert.subject.startswith("provider:") else "are refused"
            told = f"{figures}, and one may cost {alert.detail}"
            return f"Requests {become}: the {period} budget of {whose} is spent ({told})"
        case "overage":
            return f"{owner} was charged {alert.detail} beyond what was held of its {period} budget: {figures}"


def owner_in_words(subject: str, names: Mapping[str, str]) -> str:
    """Return whose budget the pot ``subject`` is, as inside a sentence."""
    scope, _, rest = subject.partition(":")
    target = rest.rpartition(":")[0]
    return f"{_OWNERS.get(scope, scope)} {names.get(target, target) if scope == 'account' else target}".strip()
