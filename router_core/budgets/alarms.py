"""Which alerts a change of a pot, a spent budget or a model without a price gives reason for. Pure arithmetic."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import cast

from msgspec import Struct

from router_core.budgets.burn import Burn, Marks, burns
from router_core.budgets.escrow import Pot
from router_core.errors import PaymentRequiredError
from router_core.types import Alert, BudgetPeriod, NanoUSD, RequestEvent, SpentOut, dollars

__all__ = ["LimitOnPot", "PotChange", "pot_alerts", "spent_out_alerts", "unpriced_alerts"]

REFUSED = PaymentRequiredError.code


class LimitOnPot(Struct, frozen=True):
    """A limit in nano-dollars, None for none, and the percentages of it at which people are told."""

    amount: NanoUSD | None
    thresholds: tuple[int, ...]

    def raised(self, more: NanoUSD) -> "LimitOnPot":
        """Return the limit with ``more`` on top of it; none stays none."""
        return self if self.amount is None or not more else LimitOnPot(self.amount + more, self.thresholds)


class PotChange(Struct, frozen=True, kw_only=True):
    """A pot before and after charges came on record, and what was spent of it lately."""

    budget: str
    period: str
    before: Pot
    after: Pot
    marks: Marks


def pot_alerts(change: PotChange, limits: Iterable[LimitOnPot], held: NanoUSD | None, now: datetime) -> list[Alert]:
    """Return everything that there is reason for at ``now``, told of before or not.

    ``held`` is the limit that leases were made under, None where nothing was leased.
    """
    found = [each for limit in limits if limit.amount is not None for each in _of_limit(change, limit, now)]
    beyond = change.after.overage - change.before.overage
    if beyond > 0:
        found.append(
            Alert(
                kind="overage", subject=change.budget, period=change.period, at=now, limit=held or 0,
                spent=change.after.spent, detail=dollars(beyond),
            )
        )  # fmt: skip
    return found


def unpriced_alerts(events: Iterable[RequestEvent], now: datetime) -> list[Alert]:
    """Return an alert for each model that was to be called without a known price, by UTC day."""
    found: dict[tuple[str, str], Alert] = {}
    for event in events:
        for model, provider in _unpriced(event):
            day = event.timestamp.date().isoformat()
            detail = f"provider {provider}" if provider else ""
            found[model, day] = Alert(kind="unpriced", subject=model, period=day, at=now, detail=detail)
    return list(found.values())


def spent_out_alerts(events: Iterable[RequestEvent], now: datetime) -> list[Alert]:
    """Return an alert for each budget that was spent too far for a call, by period and limit; the first call's."""
    found: dict[str, Alert] = {}
    for event in events:
        for each in event.refused:
            if _is_news(each, event):
                alert = Alert(
                    kind="spent_out", subject=each.budget, period=each.period, at=now, limit=each.limit,
                    spent=each.spent, detail=dollars(each.asked),
                )  # fmt: skip
                found.setdefault(alert.id, alert)
    return list(found.values())


def _of_limit(change: PotChange, limit: LimitOnPot, now: datetime) -> Iterable[Alert]:
    amount, spent = limit.amount or 0, change.after.spent
    kind = cast("BudgetPeriod", change.budget.rpartition(":")[2])
    for threshold in limit.thresholds:
        if 100 * spent >= threshold * amount:
            yield Alert(
                kind="threshold", subject=change.budget, period=change.period, at=now, threshold=threshold,
                limit=amount, spent=spent,
            )  # fmt: skip
    for burn in burns(kind, change.marks, spent, amount, now):
        yield Alert(
            kind=burn.rule.kind, subject=change.budget, period=change.period, at=now, threshold=burn.rule.percent,
            limit=amount, spent=spent, detail=_told(burn),
        )  # fmt: skip


def _told(burn: Burn) -> str:
    hours = burn.rule.window // timedelta(hours=1)
    return f"{dollars(burn.spent)} within {hours} hour{'' if hours == 1 else 's'}"


def _is_news(refusal: SpentOut, event: RequestEvent) -> bool:
    """Say whether people should know: not that a call is dearer than the limit, nor that a cheaper one was made."""
    if refusal.asked > refusal.limit > refusal.spent:
        return False
    return refusal.mode != "downgrade" or refusal.budget.startswith("provider:") or event.error_code == REFUSED


def _unpriced(event: RequestEvent) -> Sequence[tuple[str, str]]:
    """Return the models without a known price that a call was made to, or refused, each with its provider."""
    calls = [(each.model, each.provider) for each in event.decision.attempts if each.cost_nano is None]
    calls.extend(each for each in event.unpriced if each not in calls)
    if calls or event.cost is not None or not event.model:
        return calls
    return [(event.model, event.provider or "")]
