"""Changes as people read them: what, before and after."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import streamlit as st

from console.palette import PaintName, paint
from console.providers.words import named_change, sides_of
from router_core.configuration.changes import PROVIDERS
from router_core.types import ConfigChange

__all__ = ["change_count", "draw_changes"]

MOST_SHOWN: Final = 200
KINDS: Final[Mapping[str, tuple[str, PaintName]]] = {
    "added": ("new", "green"),
    "removed": ("deleted", "red"),
    "changed": ("", "blue"),
}


def change_count(number: int) -> str:
    """Return ``1 change`` or ``3 changes``."""
    return f"{number} change" if number == 1 else f"{number} changes"


def draw_changes(changes: Sequence[ConfigChange], label: str) -> None:
    """Draw one line for each change, at most 200; ``label`` names the list."""
    lines = "".join(_line(each) for each in changes[:MOST_SHOWN])
    st.html(
        f'<div role="list" aria-label="{escape(label)}" style="font-size:.86rem;line-height:1.5;'
        f'max-width:56rem">{lines}</div>'
    )
    if len(changes) > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN} of {len(changes)}.")


def _line(change: ConfigChange) -> str:
    about, field = ("Providers", "Order") if change.path == PROVIDERS else named_change(change.path)
    old, new = sides_of(change)
    word, colour = KINDS[change.kind]
    mark = f' <strong style="color:{paint(colour)}">{word}</strong>' if word and not field else ""
    return (
        '<div role="listitem" style="display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));'
        "gap:.1rem 1rem;padding:.35rem 0;overflow-wrap:anywhere;"
        'border-bottom:1px solid color-mix(in srgb, currentColor 12%, transparent)">'
        f'<div><span style="opacity:.75">{escape(about)}</span>{f"<br>{escape(field)}" if field else ""}{mark}</div>'
        f"{_sides(change, old, new)}</div>"
    )


def _sides(change: ConfigChange, old: str, new: str) -> str:
    if change.kind == "removed":
        return f'<div><span style="opacity:.75">was</span> {escape(old)}</div>'
    if change.kind == "added":
        return f"<div>{escape(new)}</div>"
    return (
        f'<div><span style="opacity:.75;text-decoration:line-through">{escape(old)}</span>'
        f' <span aria-label="becomes">→</span> <strong style="font-weight:600">{escape(new)}</strong></div>'
    )
