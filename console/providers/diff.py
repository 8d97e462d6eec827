"""Changes as people read them: what, before and after."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import streamlit as st

from console.palette import PaintName, paint
from console.providers.entries import DISABLED, lines_of
from console.providers.words import named_change, sides_of
from router_core.configuration.changes import PROVIDERS
from router_core.types import ConfigChange

__all__ = ["change_count", "draw_changes"]

MOST_SHOWN: Final = 200
SCROLLS_FROM: Final = 1000
_WEIGHTY: Final = ' style="font-weight:600"'
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
    st.html(f'<div role="list" aria-label="{escape(label)}" style="font-size:.86rem;line-height:1.5">{lines}</div>')
    if len(changes) > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN} of {len(changes)}.")


def _line(change: ConfigChange) -> str:
    about, field = ("Providers", "Order") if change.path == PROVIDERS else named_change(change.path)
    word, colour = KINDS[change.kind]
    fields = lines_of(change)
    mark = f' <strong style="color:{paint(colour)}">{word}</strong>' if word and (fields or not field) else ""
    return (
        '<div role="listitem" style="display:flex;flex-wrap:wrap;gap:.1rem 1rem;padding:.35rem 0;'
        "overflow-wrap:anywhere;"
        'border-bottom:1px solid color-mix(in srgb, currentColor 12%, transparent)">'
        f'<div style="flex:0 1 20rem;min-width:0"><span style="opacity:.75">{escape(about)}</span>'
        f"{f'<br>{escape(field)}' if field else ''}{mark}</div>"
        f'<div style="flex:1 1 17rem;min-width:0">{_whole(fields) if fields else _sides(change)}</div></div>'
    )


def _whole(fields: Sequence[tuple[str, str]]) -> str:
    """Return everything that comes or goes, a field a line."""
    lines = "".join(
        f'<div style="opacity:.75">{escape(name)}</div><div{_WEIGHTY if value == DISABLED else ""}>{_long(value)}</div>'
        for name, value in fields
    )
    return (
        '<div style="display:grid;grid-template-columns:minmax(6rem,9rem) minmax(0,1fr);gap:.1rem .75rem">'
        f"{lines}</div>"
    )


def _sides(change: ConfigChange) -> str:
    old, new = (_long(each) for each in sides_of(change))
    if change.kind == "removed":
        return f'<div><span style="opacity:.75">was</span> {old}</div>'
    if change.kind == "added":
        return f"<div>{new}</div>"
    return (
        f'<div><span style="opacity:.75;text-decoration:line-through">{old}</span>'
        f' <span aria-label="becomes">→</span> <strong style="font-weight:600">{new}</strong></div>'
    )


def _long(text: str) -> str:
    """Return ``text`` as HTML; what is very long scrolls in a place of its own."""
    if len(text) <= SCROLLS_FROM:
        return escape(text)
    return f'<span tabindex="0" style="display:block;max-height:12rem;overflow:auto">{escape(text)}</span>'
