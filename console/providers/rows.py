"""Every provider as a line: how it is, what it serves, for whom, how much of it, and where its key comes from."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

import streamlit as st
from msgspec import Struct

from console.format import count, literal
from console.identity import Visitor
from console.providers.connection import draw_test, offer_test
from console.providers.dialogs import ask
from console.providers.documents import Document, row_of, value_at
from console.providers.sheets import offer_sheets
from console.providers.words import VENDORS
from console.providers.work import Work
from console.status import badge, provider_mark
from router_core.admin.configuration_views import ProviderView
from router_core.admin.provider_key_views import KeyView
from router_core.types import HealthWord

__all__ = ["Known", "draw_rows", "load_known", "row_badges", "show_provider"]

SOURCES: Final = {"environment": "environment", "stored": "stored, sealed", "none": "none"}
NO_KEY: Final = KeyView(source="none")
MOST_SHOWN: Final = 50
FEW: Final = 8
PROVIDER_PARAM: Final = "provider"


class Known(Struct, frozen=True):
    """What is known of the rows that are in force, by id, and the names of accounts by id."""

    views: Mapping[str, ProviderView]
    words: Mapping[str, HealthWord]
    accounts: Mapping[str, str]


def load_known(visitor: Visitor) -> Known:
    """Return what is known of the rows. Raises what the backend raises."""
    call, backend, person = visitor.stage.bridge.call, visitor.stage.backend, visitor.person
    report = call(backend.health(person, "1h"))
    return Known(
        views={each.entry["id"]: each for each in call(backend.configuration.providers(person))},
        words={each.provider: each.word for each in report.providers},
        accounts=call(backend.account_names(person)),
    )


def draw_rows(work: Work, known: Known) -> None:
    """Draw the providers of the draft, at most 50 that match what is looked for."""
    rows = work.document["providers"]
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        found = _found(rows)
        with st.container(horizontal=True, width="content"):
            offer_sheets(work)
            st.button("Add a provider", key="providers_add", on_click=ask, args=("add",), icon=":material/add:")
    if not rows:
        st.info("There is no provider yet. Add one to serve requests.", icon=":material/add_circle:")
    elif not found:
        st.info("No provider matches. Look for another name, model or use case.", icon=":material/search_off:")
    for row in found[:MOST_SHOWN]:
        _draw_row(row, work, known)
    if len(found) > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN} of {len(found)}. Narrow them down by name, model or use case.")


def show_provider(row_id: str | None) -> None:
    """Turn to the editor of a provider, or back to all of them for None; the address says which."""
    if row_id is None:
        st.query_params.pop(PROVIDER_PARAM, None)
    else:
        st.query_params[PROVIDER_PARAM] = row_id


def row_badges(row: Document, work: Work, known: Known) -> str:
    """Return how the provider is, and what sets it apart, as Markdown."""
    origin = row_of(work.origin, str(row.get("id")))
    name = row["name"] if origin is None else origin["name"]
    state: HealthWord = known.words.get(name, "unknown") if row.get("isActive") else "disabled"
    marks = [badge(provider_mark(state))]
    if row.get("isDefault"):
        marks.append(":violet-badge[:material/star: Default]")
    if origin is None:
        marks.append(":blue-badge[:material/edit_note: New in your draft]")
    elif origin != row:
        marks.append(":blue-badge[:material/edit_note: Changed in your draft]")
    return " ".join(marks)


def _found(rows: Sequence[Document]) -> list[Document]:
    if len(rows) <= FEW:
        st.caption(f"{len(rows)} providers")
        return list(rows)
    text = st.text_input(
        "Find", key="providers_find", placeholder="Name, model or use case", bind="query-params", width=320
    )
    wanted = (text or "").strip().lower()
    return [row for row in rows if wanted in f"{row['name']} {row.get('model')} {row['useCases']}".lower()]


def _draw_row(row: Document, work: Work, known: Known) -> None:
    row_id = str(row.get("id"))
    view = known.views.get(row_id)
    model = f"{VENDORS.get(row.get('kind', ''), row.get('kind'))} · {row.get('model')}"
    with st.container(border=True, gap="xsmall", key=f"providers_row_{row_id}"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(
                f"**{literal(row['name'])}** {row_badges(row, work, known)} :small[:gray[{literal(model)}]]",
                width="content",
            )
            with st.container(horizontal=True, width="content", gap="xsmall"):
                offer_test(row, work, "providers_test")
                st.button(
                    "Edit", key=f"providers_edit_{row_id}", on_click=show_provider, args=(row_id,),
                    icon=":material/edit:",
                )  # fmt: skip
        st.html(_facts(row, NO_KEY if view is None else view.key, known))
        st.markdown(_capabilities(row))
        for text in () if view is None else view.key.notices:
            st.markdown(f":orange[:material/key_off: {literal(text)}]")
        draw_test(row_id)


def _facts(row: Document, key: KeyView, known: Known) -> str:
    account = row.get("accountId")
    facts = {
        "Use cases": ", ".join(map(str, row["useCases"])) or "none",
        "For": "every account" if account is None else known.accounts.get(account, str(account)),
        "Weight": str(row.get("weight")),
        "Limits": _limits(row),
        "Key": _key(key),
    }
    cells = "".join(
        f'<div style="min-width:0"><div style="font-size:.75rem;opacity:.75">{escape(name)}</div>'
        f'<div style="overflow-wrap:anywhere">{escape(value)}</div></div>'
        for name, value in facts.items()
    )
    return (
        '<div style="display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,9.5rem),1fr));'
        f'gap:.4rem 1rem;font-size:.86rem;line-height:1.4">{cells}</div>'
    )


def _key(key: KeyView) -> str:
    if key.source == "stored" and key.stored > 1:
        return f"{key.stored} stored, sealed"
    return " · ".join(part for part in (SOURCES[key.source], key.mask) if part)


def _limits(row: Document) -> str:
    words = {
        "maxConcurrency": "{} at once", "requestsPerSecond": "{} requests/s", "burst": "burst {}",
        "tokensPerMinute": "{} tokens/min",
    }  # fmt: skip
    values = {name: value_at(row, f"limits.{name}") for name in words}
    return ", ".join(words[name].format(_number(value)) for name, value in values.items() if value) or "none"


def _number(value: Any) -> str:
    return count(value) if isinstance(value, int) else str(value)


def _capabilities(row: Document) -> str:
    names = {"vision": "Vision", "tools": "Tools", "jsonSchema": "JSON schema"}
    marks = [f":gray-badge[{label}]" for name, label in names.items() if value_at(row, f"capabilities.{name}")]
    hottest = value_at(row, "capabilities.maxTemperature")
    marks.append(f":gray-badge[{'No temperature' if hottest is None else f'Temperature to {hottest:g}'}]")
    for name, label in (("contextWindow", "context"), ("maxTokens", "output")):
        if isinstance(row.get(name), int):
            marks.append(f":gray-badge[{count(row[name])} {label}]")
    return " ".join(marks)
