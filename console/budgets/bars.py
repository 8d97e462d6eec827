"""Every budget as a line: whose, how much of it is spent, and when it begins anew."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.format import THIN, moment, money, span
from console.palette import PaintName, paint
from router_core.admin.treasury import BudgetView, BudgetWord
from router_core.budgets.forecast import Forecast

__all__ = ["draw_bars", "nearest_first", "owner_of"]

COLOURS: Final[Mapping[BudgetWord, PaintName]] = {"ok": "green", "warning": "orange", "exceeded": "red"}
WORDS: Final[Mapping[BudgetWord, str]] = {"ok": "", "warning": "near its limit", "exceeded": "exceeded"}
KINDS: Final = {
    "installation": "Installation", "account": "Account", "key": "API key", "use_case": "Use case",
    "provider": "Provider",
}  # fmt: skip
MODES: Final = {"hard": "refuses", "soft": "only warns", "downgrade": "cheaper model"}


def owner_of(view: BudgetView, names: Mapping[str, str]) -> str:
    """Return whose budget it is, in words."""
    budget = view.budget
    kind = KINDS[budget.scope]
    return f"{kind} {names.get(budget.target, budget.target)}".strip()


def nearest_first(views: Sequence[BudgetView], names: Mapping[str, str]) -> list[BudgetView]:
    """Return ``views`` with those nearest their limit first."""
    return sorted(views, key=lambda each: (-(each.percent or 0.0), owner_of(each, names), each.budget.period))


def draw_bars(
    views: Sequence[BudgetView], names: Mapping[str, str], now: datetime, zone: ZoneInfo, ahead: Mapping[str, Forecast]
) -> None:
    """Draw one line for each budget, with what is expected where that is known."""
    lines = [_line(each, names, now, zone, _outlook(ahead.get(each.budget.id), each, now, zone)) for each in views]
    st.html(
        '<div role="list" aria-label="Budgets" style="display:flex;flex-direction:column;gap:.9rem">'
        + "".join(lines)
        + "</div>"
    )


def _line(view: BudgetView, names: Mapping[str, str], now: datetime, zone: ZoneInfo, outlook: str) -> str:
    budget, colour = view.budget, paint(COLOURS[view.word])
    share = min(100.0, view.percent or 0.0)
    limit = "no limit" if view.limit is None else f"of {money(view.limit)}"
    if view.topped_up_until is not None:
        limit += f" incl. {money(view.topped_up)} until {moment(view.topped_up_until, zone, now)}"
    used = "" if view.percent is None else f" · {view.percent:.1f}{THIN}%"
    word = WORDS[view.word]
    badge = f' <strong style="color:{colour}">{word}</strong>' if word else ""
    held = f" · {money(view.held)} set aside by servers" if view.held else ""
    own = "" if view.own else ", default"
    resets = span((view.ends - now).total_seconds())
    return (
        '<div role="listitem" style="font-size:.9rem;line-height:1.45">'
        '<div style="display:flex;flex-wrap:wrap;justify-content:space-between;gap:.1rem 1rem">'
        f'<span style="font-weight:550;overflow-wrap:anywhere">{escape(owner_of(view, names))}'
        f'<span style="font-weight:400;opacity:.72"> · {budget.period} · {MODES[budget.mode]}{own}</span></span>'
        f'<span style="font-variant-numeric:tabular-nums">{money(view.spent)} {limit}{used}{badge}</span></div>'
        '<div style="height:.5rem;border-radius:.25rem;margin:.25rem 0;overflow:hidden;'
        f'background:color-mix(in srgb, currentColor 12%, transparent)">'
        f'<div style="width:{share:.2f}%;height:100%;background:{colour}"></div></div>'
        f'<div style="font-size:.8rem;opacity:.72">begins anew in {resets}{outlook}{held}</div></div>'
    )


def _outlook(ahead: Forecast | None, view: BudgetView, now: datetime, zone: ZoneInfo) -> str:
    """Return what is expected by the end of the period, and when the limit is reached; nothing without a past."""
    if ahead is None or ahead.basis == "none":
        return ""
    band = f"{money(ahead.low)} to {money(ahead.high)}"
    said = f" · {money(ahead.expected)} expected by then ({band})"
    if ahead.exhausted_at is not None and view.word != "exceeded":
        said += f" · limit reached {moment(ahead.exhausted_at, zone, now)}"
    return said
