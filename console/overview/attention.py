"""What needs attention, worst first, and what happens now."""

from typing import Literal, NamedTuple

from console.format import literal, percent
from console.status import PROVIDER_CLAUSES
from signalbox.screens.views import OverviewView

__all__ = ["Alert", "alerts"]

MIN_REQUESTS = 10
ERROR_SHARE = 0.05
SPENT_OUT = 100


class Alert(NamedTuple):
    """One thing to know; ``text`` is Markdown."""

    level: Literal["error", "warning"]
    text: str


def alerts(view: OverviewView) -> list[Alert]:
    """Return what needs attention in ``view``; nothing when all is well."""
    money = [*_unpriced(view), *_money(view)]
    found = [*_provider_alerts(view), *_error_rate(view), *_lost_nodes(view), *_keys(view), *money]
    return sorted(found, key=lambda alert: alert.level != "error")


def _provider_alerts(view: OverviewView) -> list[Alert]:
    usable = [each for each in view.providers if each.state not in ("down", "failing", "disabled")]
    found = []
    for provider in view.providers:
        name = f"**{literal(provider.name)}**"
        cause = f" ({literal(provider.error.rstrip('.'))})" if provider.error else ""
        if provider.state == "down":
            then = "requests skip it where another one can serve" if usable else "no other provider is well"
            found.append(Alert("error", f"{name} {PROVIDER_CLAUSES['down']}{cause}: {then}."))
        elif provider.state == "failing":
            found.append(Alert("warning", f"{name} {PROVIDER_CLAUSES['failing']}{cause}."))
        elif provider.state == "recovering":
            found.append(Alert("warning", f"{name} {PROVIDER_CLAUSES['recovering']}."))
    return found


def _error_rate(view: OverviewView) -> list[Alert]:
    totals = view.report.totals
    judged = totals.successes + totals.errors
    if judged < MIN_REQUESTS or totals.errors / judged < ERROR_SHARE:
        return []
    return [
        Alert(
            "warning", f"**{percent(totals.errors / judged)}** of requests failed in the last hour ({totals.errors})."
        )
    ]


def _money(view: OverviewView) -> list[Alert]:
    found = []
    for each in view.raised:
        worst = each.kind in ("burn_fast", "spent_out") or each.threshold >= SPENT_OUT
        told = f"{literal(each.sentence)}. [Limits](/budgets?view=Limits)"
        found.append(Alert("error" if worst else "warning", told))
    if view.waiting:
        requests = "request waits" if view.waiting == 1 else "requests wait"
        found.append(Alert("warning", f"{view.waiting} {requests} for more money. [Decide](/budgets?view=Limits)"))
    return found


def _lost_nodes(view: OverviewView) -> list[Alert]:
    if not view.lost_nodes:
        return []
    names = ", ".join(f"**{literal(name)}**" for name in view.lost_nodes)
    told = "has not been heard of: it" if len(view.lost_nodes) == 1 else "have not been heard of: they"
    return [Alert("warning", f"{names} {told} ended without a word. [Nodes](/health)")]


def _keys(view: OverviewView) -> list[Alert]:
    return [
        Alert("warning", f"**{literal(each.provider)}**: {literal(each.text)} [Providers](/providers)")
        for each in view.key_notices
    ]


def _unpriced(view: OverviewView) -> list[Alert]:
    return [
        Alert("warning", f"No price is known for **{literal(model)}**: it is refused where a budget applies.")
        for model in view.unpriced
    ]
