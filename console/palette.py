"""The theme's own colours, for what is drawn as HTML."""

from typing import Literal

import streamlit as st

__all__ = ["PaintName", "paint"]

PaintName = Literal["green", "orange", "red", "gray", "blue"]


def paint(name: PaintName) -> str:
    """Return the colour as ``#RRGGBB``, for the mode that the viewer looks at."""
    shade = "dark" if st.context.theme.type == "dark" else "light"
    colour: str = st.get_option(f"theme.{shade}.{name}Color")
    return colour
