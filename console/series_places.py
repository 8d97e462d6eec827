"""Which of the theme's chart colours a name has: the same on every chart and screen of a visit."""

from collections.abc import Iterable, Mapping

import streamlit as st

__all__ = ["places_of"]


def places_of(kind: str, names: Iterable[str]) -> Mapping[str, int]:
    """Return the places of all names of ``kind`` that were seen; new ones come behind, so none ever changes."""
    places: dict[str, int] = st.session_state.setdefault(f"_places_{kind}", {})
    for name in sorted(names):
        places.setdefault(name, len(places))
    return places
