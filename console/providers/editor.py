"""One provider of the draft, field by field."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from console.format import literal
from console.identity import Visitor, current_visitor
from console.providers.connection import draw_test, offer_test
from console.providers.dialogs import ask
from console.providers.documents import (
    Document,
    copy_of,
    row_of,
    use_case_names,
    with_row,
    with_row_value,
    without_row,
)
from console.providers.fields import Field, FieldPlace, draw_field
from console.providers.key_card import draw_keys
from console.providers.rows import Known, row_badges, show_provider
from console.providers.words import VENDORS
from console.providers.work import Work, amend_here, faults_at
from router_core.clock import new_ulid

__all__ = ["draw_editor"]

LIMITS: Final = (
    Field("limits.maxConcurrency", "whole", "How many calls may be under way at once, in each process."),
    Field("limits.requestsPerSecond", "number", "Calls a second over longer times."),
    Field("limits.burst", "whole", "How many of them may come at once. Needs requests a second."),
    Field("limits.tokensPerMinute", "whole", "Tokens read and written together."),
)
CAPABILITIES: Final = (
    Field("capabilities.vision", "switch"),
    Field("capabilities.tools", "switch"),
    Field("capabilities.jsonSchema", "switch"),
    Field("capabilities.maxTemperature", "number", "Empty for models that take no temperature."),
)
SIZES: Final = (
    Field("maxTokens", "whole", "Tokens that an answer may have."),
    Field("contextWindow", "whole", "Tokens that a prompt and its answer may have together."),
)


def draw_editor(visitor: Visitor, row_id: str, work: Work, known: Known) -> None:
    """Draw the provider with ``row_id``; what is changed is kept in the draft at once."""
    st.button("All providers", key="providers_back", on_click=show_provider, args=(None,), icon=":material/arrow_back:")
    row = row_of(work.document, row_id)
    if row is None:
        st.info("There is no such provider any more.", icon=":material/help:")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"### {literal(row['name'] or 'Unnamed')}\n{row_badges(row, work, known)}", width="content")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            _actions(row, row_id, work)
    draw_test(row_id)
    number = [each.get("id") for each in work.document["providers"]].index(row_id)
    faults = faults_at(work, (f"providers[{row['name']}]", f"providers[{number}]"))

    def put(document: Document, path: str, value: Any) -> Document:
        return with_row_value(document, row_id, path, value)

    place = FieldPlace(row_id, row, faults, put)
    left, right = st.columns(2, gap="medium")
    with left:
        _card("Who it is", [*_identity(work, known)], place)
        _card("What it can take", CAPABILITIES, place)
    with right:
        _card("What it serves", [*_service(work)], place)
        _card("Limits", LIMITS, place)
        draw_keys(visitor, row, known.views.get(row_id))


def _card(title: str, fields: Any, place: FieldPlace) -> None:
    with st.container(border=True):
        st.markdown(f"**{title}**")
        for field in fields:
            draw_field(field, place)


def _identity(work: Work, known: Known) -> tuple[Field, ...]:
    accounts: Mapping[Any, str] = {"": "every account", **known.accounts}
    models = sorted({str(each.get("model")) for each in work.document["providers"]})
    return (
        Field("name", "text", "What requests and the log call it."),
        Field("kind", "choice", options=VENDORS),
        Field("model", "text", f"As the vendor calls it. In use here: {', '.join(models[:8])}."),
        Field("accountId", "choice", "Only that account may use it.", options=accounts),
        Field(
            "baseUrl", "text", "Empty for the vendor's own host. Other hosts have to be allowed by the environment.",
            placeholder="the vendor's own",
        ),
        *SIZES,
    )  # fmt: skip


def _service(work: Work) -> tuple[Field, ...]:
    return (
        Field("isActive", "switch", "Requests go to active providers only."),
        Field("isDefault", "switch", "Serves what no other provider serves."),
        Field("useCases", "names", "New names may be typed.", options=dict.fromkeys(use_case_names(work.document), "")),
        Field("weight", "whole", "Its share where a use case draws by weight."),
    )


def _actions(row: Document, row_id: str, work: Work) -> None:
    offer_test(row, work, "providers_editor_test")
    st.button("Copy", key="providers_copy", on_click=_copy, args=(row_id,), icon=":material/content_copy:")
    in_force = row_of(work.current.document, row_id)
    if in_force is None:
        st.button("Remove", key="providers_remove", on_click=_remove, args=(row_id,), icon=":material/delete:")
        return
    if in_force.get("isActive"):
        st.button("Disable", key="providers_disable", on_click=ask, args=("disable", row_id), icon=":material/block:")
    else:
        st.button("Enable", key="providers_enable", on_click=ask, args=("enable", row_id), icon=":material/play_arrow:")
    st.button("Delete", key="providers_delete", on_click=ask, args=("delete", row_id), icon=":material/delete:")


def _copy(row_id: str) -> None:
    visitor = current_visitor(touch=True)
    if visitor is None:
        return
    new_id = new_ulid(visitor.stage.clock)
    amend_here(lambda document: with_row(document, copy_of(document, row_id, new_id)))
    show_provider(new_id)


def _remove(row_id: str) -> None:
    amend_here(lambda document: without_row(document, row_id))
    show_provider(None)
