"""A field of the draft as a widget: what is typed is kept at once, and what is wrong with it stands below it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import streamlit as st

from console.format import literal
from console.providers.documents import Document, value_at
from console.providers.words import field_name, plain_fault
from console.providers.work import amend_here
from router_core.types import Finding

__all__ = ["Field", "FieldKind", "FieldPlace", "draw_fault", "draw_field"]

FieldKind = Literal["text", "whole", "number", "switch", "choice", "names"]
Put = Callable[[Document, str, Any], Document]
# What a browser can count to exactly.
LARGEST: Final = 2**53 - 1


class Field(NamedTuple):
    """``path`` is where its value is, ``options`` what can be chosen, with their names; '' stands for no value."""

    path: str
    kind: FieldKind
    help: str = ""
    options: Mapping[Any, str] = {}
    label: str = ""
    placeholder: str = ""


class FieldPlace(NamedTuple):
    """What the fields belong to: its ``entry`` in the document, what is wrong with it, and how a value is put there."""

    key: str
    entry: Document
    faults: Mapping[str, Finding]
    put: Put


def draw_field(field: Field, place: FieldPlace) -> None:
    """Draw one field."""
    key = f"providers_{place.key}_{field.path}"
    label = field.label or field_name(field.path)
    options: dict[str, Any] = {
        "key": key, "help": field.help or None, "on_change": _keep, "args": (field, place.put, key)
    }  # fmt: skip
    st.session_state[key] = _shown(field, value_at(place.entry, field.path))
    match field.kind:
        case "switch":
            st.toggle(label, **options)
        case "choice":
            st.selectbox(label, _options(field, st.session_state[key]), format_func=_named(field), **options)
        case "names":
            known = [*field.options, *(each for each in st.session_state[key] if each not in field.options)]
            st.multiselect(label, known, accept_new_options=True, placeholder="None", **options)
        case "text":
            st.text_input(label, autocomplete="off", placeholder=field.placeholder or None, **options)
        case _:
            step, form = (1, "%d") if field.kind == "whole" else (1.0, "%g")
            st.number_input(
                label, value=None, step=step, format=form, placeholder=field.placeholder or "none", **options
            )
    draw_fault(place.faults.get(field.path))


def draw_fault(found: Finding | None) -> None:
    """Say what is wrong with the field above, if anything is."""
    if found is None:
        return
    colour, icon = ("red", ":material/error:") if found.severity == "error" else ("orange", ":material/warning:")
    st.markdown(f":small[:{colour}[{icon} {literal(plain_fault(found.message))}]]")


def _keep(field: Field, put: Put, key: str) -> None:
    value = st.session_state[key]
    if field.kind == "text":
        value = value.strip()
    if value == "" and (field.kind == "choice" or field.path == "baseUrl"):
        value = None
    if field.kind == "number" and isinstance(value, float) and value.is_integer():
        value = int(value)
    amend_here(lambda document: put(document, field.path, value))


def _shown(field: Field, value: Any) -> Any:
    """Return ``value`` as its widget takes it; a draft may hold anything."""
    match field.kind:
        case "switch":
            return value is True
        case "names":
            return [each for each in value if isinstance(each, str)] if isinstance(value, list | tuple) else []
        case "text" | "choice":
            return "" if value is None else str(value)
        case _:
            is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
            if not is_number:
                return None
            return int(value) if field.kind == "whole" else float(value)


def _options(field: Field, value: Any) -> Sequence[Any]:
    return [*field.options] if value in field.options else [*field.options, value]


def _named(field: Field) -> Callable[[Any], str]:
    return lambda value: field.options.get(value, "none" if value == "" else str(value))
