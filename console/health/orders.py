"""What a person is about to do: kept in the session until they confirm or cancel, so that a dialog survives ticks."""

from typing import Final, Literal, NamedTuple

import streamlit as st

__all__ = [
    "Order",
    "OrderKind",
    "close_order",
    "close_orders",
    "flash",
    "flash_next",
    "menu_key",
    "open_order",
    "place_order",
    "was_placed",
]

ORDER_KEY: Final = "health_order"
PLACED_KEY: Final = "health_order_placed"
FLASH_KEY: Final = "health_flash"
MENUS_KEY: Final = "health_menus_used"
SCREEN = "health"

OrderKind = Literal["reset", "open", "closed", "drill"]


class Order(NamedTuple):
    """An action on ``provider`` that waits for its confirmation; ``provider`` is empty until a drill's is chosen."""

    kind: OrderKind
    provider: str = ""


def place_order(kind: OrderKind, provider: str = "") -> None:
    """Ask for the dialog of an action; called by a button, before the run that follows."""
    st.session_state[ORDER_KEY] = Order(kind, provider)
    st.session_state[PLACED_KEY] = True
    st.session_state[MENUS_KEY] = _menus_used() + 1


def menu_key(provider: str) -> str:
    """Return the key of the menu of ``provider``: another one once something was chosen, since a new menu is shut."""
    return f"health_control_{_menus_used()}_{provider}"


def _menus_used() -> int:
    used = st.session_state.get(MENUS_KEY, 0)
    return used if isinstance(used, int) else 0


def was_placed() -> bool:
    """Say once whether a dialog was just asked for: it must be opened by the whole script, not by a timer's tick."""
    return bool(st.session_state.pop(PLACED_KEY, False))


def open_order() -> Order | None:
    """Return what waits for its confirmation."""
    order = st.session_state.get(ORDER_KEY)
    return order if isinstance(order, Order) else None


def close_order(toast: str | None = None) -> None:
    """Forget what waited, and say ``toast`` in the next run."""
    st.session_state.pop(ORDER_KEY, None)
    if toast is not None:
        flash_next(toast)


def flash_next(toast: str) -> None:
    """Say ``toast`` in the next run."""
    st.session_state[FLASH_KEY] = toast


def close_orders(screen: str) -> None:
    """Forget what waited when the person went to another ``screen``."""
    if screen != SCREEN:
        close_order()


def flash() -> str | None:
    """Return once what the last action has to say."""
    said = st.session_state.pop(FLASH_KEY, None)
    return said if isinstance(said, str) else None
