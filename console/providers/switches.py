"""The switches: all requests, or those to one vendor, at once."""

import streamlit as st

from console.providers.dialogs import ask
from console.providers.words import SWITCHES
from console.providers.work import Work

__all__ = ["draw_switches"]

HELP = {
    "llm": "Off: no request is served at all.",
    "openai": "Off: no request goes to a provider of OpenAI.",
    "anthropic": "Off: no request goes to a provider of Anthropic.",
}


def draw_switches(work: Work) -> None:
    """Draw each switch as it is in force, and the button that turns it."""
    with st.container(border=True, key="providers_switches"):
        st.markdown("**Switches** :small[:gray[in force at once, in every process]]")
        with st.container(horizontal=True, gap="medium"):
            for name, label in SWITCHES.items():
                _draw(work, name, label)


def _draw(work: Work, name: str, label: str) -> None:
    is_on = bool(work.current.document["flags"].get(name, True))
    is_felt = getattr(work.current.flags_in_force, name)
    mark = ":green-badge[:material/check_circle: On]" if is_felt else ":red-badge[:material/block: Off]"
    with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
        st.markdown(f"{label} {mark}", width="content", help=HELP[name])
        if is_on != is_felt:
            st.caption("by the server's environment", width="content")
        st.button(
            "Switch off" if is_on else "Switch on", key=f"providers_switch_{name}", on_click=ask,
            args=("switch", name),
        )  # fmt: skip
