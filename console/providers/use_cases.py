"""How each use case is served: by whom and in which order, by which strategy, and what happens when things go wrong."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final, get_args

import streamlit as st
from msgspec import structs

from console.format import literal
from console.identity import Visitor
from console.providers.documents import (
    Document,
    candidates,
    policy_of,
    use_case_names,
    value_at,
    with_policy_value,
    with_preference,
)
from console.providers.fields import Field, FieldKind, FieldPlace, draw_fault, draw_field
from console.providers.preview import draw_preview
from console.providers.rows import Known
from console.providers.work import Work, amend_here, faults_at
from router_core.types import MidStream, Strategy, UseCasePolicy
from router_core.wording import camel

__all__ = ["draw_use_cases"]

STRATEGIES: Final[Mapping[Strategy, str]] = {
    "priority": "Priority: in the order given", "weighted": "Weighted: drawn by weight",
    "cheapest": "Cheapest: by the price of the request", "fastest": "Fastest: by first token, of late",
    "least_busy": "Least busy: by calls at once",
}  # fmt: skip
BREAKS: Final[Mapping[MidStream, str]] = {"fail": "end with an error", "resume": "go on at the next provider"}
OWN_WAIT: Final = "the server's own"
WAITS: Final = (
    Field("connectS", "number", placeholder=OWN_WAIT),
    Field("firstTokenS", "number", placeholder=OWN_WAIT),
    Field("idleS", "number", placeholder=OWN_WAIT),
    Field("minTokensPerS", "number", "0 for none. A stream that is slower fails over or ends."),
    Field("midStream", "choice", options=BREAKS),
    Field("refusalFailsOver", "switch"),
    Field("hedge", "switch", "The next provider is asked too when the first token is late."),
    Field("hedgeAfterMs", "whole", placeholder="the 95th percentile observed"),
)
PLACED: Final = frozenset({"strategy", "order", "weights", "canary", "sticky", *(each.path for each in WAITS)})


def draw_use_cases(visitor: Visitor, work: Work, known: Known) -> None:
    """Draw all use cases in brief, and one of them to be changed."""
    names = use_case_names(work.document)
    st.html(_overview(work.document, names))
    chosen = st.selectbox(
        "Use case", names, key="use_case", bind="query-params", width=320, accept_new_options=True,
        help="A new name may be typed; it exists once something is said of it here or a provider serves it.",
    )  # fmt: skip
    if not chosen:
        return
    left, right = st.columns(2, gap="medium")
    faults = faults_at(work, (f"policies[{chosen}]",))
    place = FieldPlace(f"use_case_{chosen}", policy_of(work.document, chosen), faults, _put(chosen))
    with left:
        _order(chosen, work, place)
        draw_preview(visitor, chosen, work, known)
    with right:
        _routing(chosen, work, place)
        with st.container(border=True):
            st.markdown("**Waits and failures**")
            for field in (*WAITS, *_further(place.entry)):
                draw_field(field, place)


def _overview(document: Document, names: Sequence[str]) -> str:
    cells = []
    for name in names:
        policy, rows = policy_of(document, name), candidates(document, name)
        active = [row["name"] for row in rows if row.get("isActive")]
        canary = value_at(policy, "canary.provider")
        facts = (
            STRATEGIES.get(policy["strategy"], str(policy["strategy"])).partition(":")[0],
            " → ".join(active[:3]) + (f" and {len(active) - 3} more" if len(active) > 3 else "") or "default provider",
            f"{value_at(policy, 'canary.percent')} % to {canary}" if canary else "",
        )
        said = " · ".join(escape(each) for each in facts if each)
        cells.append(
            '<div role="listitem" style="min-width:0;overflow-wrap:anywhere">'
            f'<strong style="font-weight:600">{escape(name)}</strong><br><span style="opacity:.8">{said}</span></div>'
        )
    return (
        '<div role="list" aria-label="Use cases" style="display:grid;gap:.8rem 1.2rem;font-size:.84rem;'
        "line-height:1.45;"
        f'grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr))">{"".join(cells)}</div>'
    )


def _further(entry: Document) -> list[Field]:
    """Return the fields that have no place of their own here, by the types of their values."""
    kinds: dict[Any, FieldKind] = {bool: "switch", int: "whole", float: "number"}
    found = []
    for each in structs.fields(UseCasePolicy):
        path = camel(each.name)
        kind = next((kinds[part] for part in (each.type, *get_args(each.type)) if part in kinds), None)
        if path not in PLACED and path in entry and kind is not None:
            found.append(Field(path, kind))
    return found


def _put(use_case: str) -> Any:
    return lambda document, path, value: with_policy_value(document, use_case, path, value)


def _routing(use_case: str, work: Work, place: FieldPlace) -> None:
    models: dict[Any, str] = {"": "none", **{each: each for each in _models(work.document)}}
    entry = {"model": work.document["preferences"].get(use_case)}
    fault = faults_at(work, (f"preferences[{use_case}]",)).get("")
    preference = FieldPlace(
        f"preference_{use_case}", entry, {} if fault is None else {"model": fault},
        lambda document, _, value: with_preference(document, use_case, value),
    )  # fmt: skip
    rows: dict[Any, str] = {"": "none", **{row["name"]: row["name"] for row in work.document["providers"]}}
    with st.container(border=True):
        st.markdown("**Routing**")
        draw_field(Field("strategy", "choice", "Who is asked first.", options=STRATEGIES), place)
        draw_field(Field("model", "choice", options=models, label="Preferred model"), preference)
        canary = FieldPlace(place.key, place.entry, place.faults, _put_canary(use_case))
        draw_field(Field("canary.provider", "choice", "Gets a share of the requests first.", rows, "Canary"), canary)
        if place.entry.get("canary"):
            draw_field(Field("canary.percent", "number", "Above 0, at most 100.", {}, "Canary: percent"), canary)
        draw_fault(place.faults.get("canary"))
        draw_field(Field("sticky", "switch", "Later requests of a conversation go where its first one went."), place)


def _models(document: Document) -> list[str]:
    return sorted({str(row.get("model")) for row in document["providers"]})


def _put_canary(use_case: str) -> Any:
    def put(document: Document, path: str, value: Any) -> Document:
        if path == "canary.provider" and value is None:
            return with_policy_value(document, use_case, "canary", None)
        if not value_at(policy_of(document, use_case), "canary"):
            document = with_policy_value(document, use_case, "canary.percent", 5)
        return with_policy_value(document, use_case, path, value)

    return put


def _order(use_case: str, work: Work, place: FieldPlace) -> None:
    rows = candidates(work.document, use_case)
    names = [row["name"] for row in rows]
    is_set = bool(place.entry.get("order"))
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown("**Order and weights**", width="content")
            if is_set:
                st.button(
                    "Default order", key=f"providers_unorder_{use_case}", type="tertiary", on_click=_reorder,
                    args=(use_case, []), icon=":material/undo:",
                )  # fmt: skip
        if not rows:
            st.caption(
                "No provider serves it; the default provider would. Add the use case to a provider to change it."
            )
        elif not is_set:
            st.caption("By default: the preferred model first, an account's own providers before all.")
        for number, row in enumerate(rows):
            _draw_place(use_case, names, number, row, place)
        draw_fault(place.faults.get("order"))
        draw_fault(place.faults.get("weights"))


def _draw_place(use_case: str, names: Sequence[str], number: int, row: Document, place: FieldPlace) -> None:
    name = row["name"]
    weights = place.entry.get("weights")
    entry = {"weight": weights.get(name) if isinstance(weights, Mapping) else None}
    weight = FieldPlace(f"weight_{use_case}_{name}", entry, {}, _put_weight(use_case, name))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        off = "" if row.get("isActive") else " :gray-badge[:material/do_not_disturb_on: Disabled]"
        st.markdown(
            f"{number + 1}. **{literal(name)}**{off}  \n:small[:gray[{literal(str(row.get('model')))}]]", width=230
        )
        with st.container(width=120):
            draw_field(Field("weight", "whole", placeholder=str(row.get("weight"))), weight)
        for step, icon, word in ((-1, ":material/arrow_upward:", "Up"), (1, ":material/arrow_downward:", "Down")):
            st.button(
                word, icon=icon, key=f"providers_{word.lower()}_{use_case}_{name}", on_click=_reorder,
                args=(use_case, _moved(names, number, step)), disabled=not 0 <= number + step < len(names),
                help=f"Move {literal(name)} {word.lower()}", type="tertiary",
            )  # fmt: skip


def _put_weight(use_case: str, name: str) -> Any:
    def put(document: Document, _: str, value: Any) -> Document:
        others = {each: weight for each, weight in policy_of(document, use_case)["weights"].items() if each != name}
        return with_policy_value(document, use_case, "weights", others if value is None else {**others, name: value})

    return put


def _moved(names: Sequence[str], number: int, step: int) -> list[str]:
    moved = list(names)
    if 0 <= number + step < len(names):
        moved[number], moved[number + step] = moved[number + step], moved[number]
    return moved


def _reorder(use_case: str, names: Sequence[str]) -> None:
    amend_here(lambda document: with_policy_value(document, use_case, "order", list(names)))
