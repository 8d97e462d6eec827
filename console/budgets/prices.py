"""The price book on the screen: what every provider costs, what was agreed, and the ways to change it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.budgets.price_dialogs import offer_price_changes
from console.budgets.rerating import draw_rerating
from console.format import DASH, literal, moment
from console.identity import Visitor
from router_core.admin.price_desk import PriceLine
from router_core.budgets.refusals import dollars
from router_core.types import Price, Rates

__all__ = ["draw_prices"]

CLASSES: Final[Mapping[str, str]] = {
    "input": "Input", "output": "Output", "cache_read": "Cache read", "cache_write": "Cache write 5 min",
    "cache_write_1h": "Cache write 1 h", "reasoning": "Reasoning", "image": "Image", "batch_input": "Batch input",
    "batch_output": "Batch output",
}  # fmt: skip
PART_OF: Final = {"cache_write_1h": "cache_write", "reasoning": "output", "image": "input"}
UNPRICED: Final = "unpriced"


def draw_prices(visitor: Visitor, names: Mapping[str, str], zone: ZoneInfo, now: datetime) -> None:
    """Draw what every provider costs, what somebody set, and for those who may the ways to change it."""
    desk, person = visitor.stage.backend.prices, visitor.person
    lines = visitor.stage.bridge.call(desk.prices(person))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Prices", anchor=False)
        offer_price_changes(visitor, names)
    unpriced = sorted({each.model for each in lines if each.price is None})
    if unpriced:
        st.warning(
            f"No price is known for {literal(', '.join(unpriced))}: refused where a budget binds, and in no sum.",
            icon=":material/money_off:",
        )
    st.caption("Dollars for a million tokens, for prompts of ordinary length.")
    classes = _telling(each.price for each in lines)
    rows = [_line(each, classes, names, zone, now) for each in lines]
    st.dataframe(rows, hide_index=True, column_config=_right(), height="content", alt="What every provider costs")
    own = visitor.stage.bridge.call(desk.history(person))
    if own:
        st.caption("Set here, newest beginning first")
        st.dataframe(
            [_version(each, _telling(own), names, zone, now) for each in own], hide_index=True, column_config=_right(),
            height="content" if len(own) <= 10 else 420, alt="Prices that were set",
        )  # fmt: skip
    draw_rerating(visitor, names, zone, now)


def _telling(prices: Iterable[Price | None]) -> Mapping[str, str]:
    """Return the classes that somewhere cost something else than what they are part of."""
    rates = [each.rates() for each in prices if each is not None and each.tiers]
    idle = {
        name for name, whole in PART_OF.items() if all(getattr(each, name) == getattr(each, whole) for each in rates)
    }
    return {name: title for name, title in CLASSES.items() if name not in idle}


def _line(
    line: PriceLine, classes: Mapping[str, str], names: Mapping[str, str], zone: ZoneInfo, now: datetime
) -> dict[str, Any]:
    price = line.price
    changes = (
        "" if line.scheduled is None else f"{_input_output(line.scheduled)} from {_day(line.scheduled, zone, now)}"
    )
    return {
        "Model": line.model,
        "Provider": line.provider if not line.account_id else f"{line.provider} ({names.get(line.account_id, '')})",
        **_rates(price, classes),
        "Changes": changes,
        "Long prompts": _long(price),
        "Source": DASH if price is None else price.source,
    }


def _version(
    price: Price, classes: Mapping[str, str], names: Mapping[str, str], zone: ZoneInfo, now: datetime
) -> dict[str, Any]:
    whom = [price.provider, names.get(price.account_id, price.account_id)]
    return {
        "From": _day(price, zone, now),
        "Model": price.model,
        "For": " of ".join(each for each in whom if each) or "everybody",
        **(_rates(price, classes) if price.tiers else dict.fromkeys(classes.values(), "withdrawn")),
        "Long prompts": _long(price),
        "Source": price.source,
        "By": price.made_by,
    }


def _rates(price: Price | None, classes: Mapping[str, str]) -> dict[str, str]:
    if price is None:
        return dict.fromkeys(classes.values(), UNPRICED)
    return {title: _dollars(price.rates(), name) for name, title in classes.items()}


def _dollars(rates: Rates, name: str) -> str:
    return dollars(getattr(rates, name))


def _input_output(price: Price) -> str:
    if not price.tiers:
        return "withdrawn"
    return _input_output_of(price.rates())


def _input_output_of(rates: Rates) -> str:
    return f"{_dollars(rates, 'input')} in, {_dollars(rates, 'output')} out"


def _long(price: Price | None) -> str:
    tiers: Sequence[Any] = () if price is None else price.tiers[1:]
    return "; ".join(f"{_input_output_of(each.rates)} above {each.above:,}" for each in tiers)


def _day(price: Price, zone: ZoneInfo, now: datetime) -> str:
    if price.starts.year != now.year:
        return price.starts.astimezone(zone).strftime("%-d %b %Y")
    return moment(price.starts, zone, now)


def _right() -> dict[str, Any]:
    return {title: st.column_config.TextColumn(alignment="right") for title in CLASSES.values()}
