"""Draws the Budgets screen: one of its views at a time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.budgets.alerts import draw_alerts
from console.budgets.bars import draw_bars, nearest_first
from console.budgets.bills import draw_bills
from console.budgets.change import offer_change
from console.budgets.outlook import draw_course, draw_outlook
from console.budgets.overdue import draw_overdue
from console.budgets.prices import draw_prices
from console.budgets.savings import draw_savings
from console.budgets.spent import draw_spending
from console.budgets.topups import draw_topups
from console.cache.view import draw_cache
from console.dependency_banner import draw_dependencies
from console.format import zone_of
from console.identity import Visitor, require
from console.limits.view import draw_limits
from console.recorder_banner import draw_unreadable
from router_core.errors import OverloadedError
from router_core.types import EVERY_ACCOUNT

__all__ = ["draw_budgets"]

VIEWS: Final = ("Spending", "Limits", "Outlook", "Alerts", "Prices", "Bills", "Rates", "Cache")
MOST_FORECASTS: Final = 40


def draw_budgets() -> None:
    """Check who is there and draw the view that they ask for."""
    visitor = require("budgets")
    zone, now = zone_of(st.context.timezone), visitor.stage.clock.utcnow()
    draw_dependencies(visitor)
    # Bills are of the whole installation.
    views = [each for each in VIEWS if each != "Bills" or visitor.person.role in EVERY_ACCOUNT]
    view = st.segmented_control(
        "View", views, key="view", bind="query-params", default=VIEWS[0],
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    try:
        names = visitor.stage.bridge.call(visitor.stage.backend.account_names(visitor.person))
        _draw(view, visitor, names, zone, now)
    except OverloadedError:
        draw_unreadable(view)


def _draw(view: str, visitor: Visitor, names: Mapping[str, str], zone: ZoneInfo, now: datetime) -> None:
    match view:
        case "Limits":
            _draw_limits(visitor, names, zone, now)
        case "Outlook":
            draw_outlook(names)
        case "Alerts":
            draw_alerts(visitor, names, zone, now)
        case "Prices":
            draw_prices(visitor, names, zone, now)
        case "Bills":
            draw_bills()
        case "Rates":
            draw_limits(visitor, names)
        case "Cache":
            draw_cache(visitor, names)
            draw_savings()
        case _:
            draw_spending(visitor, names, zone, now)
            draw_savings()


def _draw_limits(visitor: Visitor, names: Mapping[str, str], zone: ZoneInfo, now: datetime) -> None:
    call, backend, person = visitor.stage.bridge.call, visitor.stage.backend, visitor.person
    views = nearest_first(call(backend.budgets(person)), names)
    # The nearest to their limits; the others are forecast when they are asked for over HTTP.
    ahead = call(backend.forecasts(person, views[:MOST_FORECASTS]))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Limits", anchor=False)
        offer_change(visitor, names, views)
    draw_bars(views, names, now, zone, ahead)
    draw_topups(visitor, views, names, zone, now)
    draw_overdue(visitor, names)
    draw_course(views, names)
