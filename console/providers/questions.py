"""The dialogs of the Providers screen: what would happen, in words, before anything does."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from console.format import literal
from console.identity import Visitor, require
from console.providers.dialogs import Question, QuestionKind, answer, forget_question
from console.providers.diff import change_count, draw_changes
from console.providers.documents import Document, grave_changes, new_row, use_case_names, with_row
from console.providers.key_questions import draw_key_question
from console.providers.rows import show_provider
from console.providers.sheets import draw_import
from console.providers.words import SWITCHES, VENDORS
from console.providers.work import Work, act_at_once, amend, discard, load_work
from router_core.admin.configuration_views import Applied, ProviderView
from router_core.clock import new_ulid
from router_core.types import ConfigChange, ProviderKind

__all__ = ["draw_question"]

TITLES: Final = {
    "apply": ("Put the changes in force", ":material/check:"),
    "discard": ("Discard your draft", ":material/undo:"),
    "add": ("Add a provider", ":material/add:"),
    "disable": ("Disable a provider", ":material/block:"),
    "enable": ("Enable a provider", ":material/play_arrow:"),
    "delete": ("Delete a provider", ":material/delete:"),
    "switch": ("Turn a switch", ":material/power_settings_new:"),
    "import": ("Import a document", ":material/upload:"),
    "roll back": ("Roll back", ":material/history:"),
    "look": ("Changed meanwhile", ":material/difference:"),
    "add key": ("Add a key", ":material/key:"),
    "replace key": ("Replace a key", ":material/sync:"),
    "change key": ("Change a key", ":material/edit:"),
    "disable key": ("Disable a key", ":material/pause:"),
    "enable key": ("Enable a key", ":material/play_arrow:"),
    "delete key": ("Delete a key", ":material/delete:"),
}  # fmt: skip
LONGEST_NOTE: Final = 500
WIDE: Final = ("apply", "roll back", "import", "look")


def draw_question(question: Question) -> None:
    """Open the dialog of ``question``; who answers it is checked again each time it is drawn."""
    title, icon = TITLES[question.kind]
    is_wide = question.kind in WIDE
    dialog = st.dialog(title, icon=icon, width="large" if is_wide else "small", on_dismiss=forget_question)
    dialog(_draw)(question)


def _draw(question: Question) -> None:
    visitor = require("providers", touch=True)
    if question.kind.endswith(" key"):
        draw_key_question(visitor, question, _views(visitor))
        return
    work = load_work(visitor)
    match question.kind:
        case "apply":
            _apply(visitor, work)
        case "discard":
            _discard(visitor, work)
        case "add":
            _add(visitor, work)
        case "switch":
            _switch(visitor, work, question.target)
        case "roll back":
            _roll_back(visitor, work, int(question.target))
        case "look":
            _look(visitor, work)
        case "import":
            draw_import(visitor, work)
        case _:
            _turn(visitor, work, question)


def _apply(visitor: Visitor, work: Work) -> None:
    if work.is_stale:
        st.warning(
            "Somebody else has just changed the configuration. Nothing was applied. Close this to see what, "
            "and to take it up.",
            icon=":material/group:",
        )
        return
    st.markdown(f"**{change_count(len(work.changes))}**, in force in every process within 2 seconds, all or none.")
    draw_changes(work.changes, "What is put in force")
    grave = _warn_of(work.changes)
    note = st.text_input(
        "Note", key="providers_note", max_chars=LONGEST_NOTE, autocomplete="off",
        placeholder="Why; shown in the history. May be left empty.",
    )  # fmt: skip

    def apply() -> str:
        done = visitor.stage.bridge.call(visitor.stage.backend.configuration.apply_draft(visitor.person, note))
        return _in_force(done)

    answer("Apply", apply, word="apply" if grave else None, ready=bool(work.changes))


def _warn_of(changes: Sequence[ConfigChange]) -> Sequence[str]:
    """Say what the changes take out of service, and return it."""
    grave = grave_changes(changes)
    if grave:
        st.warning("\n".join(f"- {literal(each)}" for each in grave), icon=":material/warning:")
    return grave


def _look(visitor: Visitor, work: Work) -> None:
    """Show what others put in force since the draft was begun, and what the draft changes."""
    compared = visitor.stage.bridge.call(visitor.stage.backend.configuration.compare(work.base, None, visitor.person))
    for whose, changes in (("Theirs, in force", compared.changes), ("Yours, in your draft", work.changes)):
        st.markdown(f"**{whose}: {change_count(len(changes))}**")
        draw_changes(changes, whose)
    st.caption("Where both changed the same field, taking theirs gives yours up; you are told which.")


def _discard(visitor: Visitor, work: Work) -> None:
    st.markdown(f"**{change_count(len(work.changes))}** of yours would be forgotten. What is in force stays as it is.")

    def drop() -> str:
        discard(visitor)
        return "Your draft is discarded."

    answer("Discard", drop)


def _add(visitor: Visitor, work: Work) -> None:
    st.caption("It begins in your draft, serving nothing yet; nothing is in force before you apply.")
    name = st.text_input("Name", key="providers_new_name", autocomplete="off", live=True).strip()
    kind: ProviderKind = st.selectbox(
        "Vendor", list(VENDORS), format_func=VENDORS.__getitem__, key="providers_new_kind"
    )
    model = st.text_input("Model", key="providers_new_model", autocomplete="off", live=True).strip()
    is_taken = any(row["name"] == name for row in work.document["providers"])
    if is_taken:
        st.caption(":red[:material/error: There is a provider of that name.]")
    row_id = new_ulid(visitor.stage.clock)

    def add() -> str:
        amend(visitor, lambda document: with_row(document, new_row(row_id, name, kind, model)))
        show_provider(row_id)
        return f"{literal(name)} is in your draft."

    answer("Add", add, ready=bool(name and model) and not is_taken)


def _turn(visitor: Visitor, work: Work, question: Question) -> None:
    """Ask before a provider that is in force is disabled, enabled or deleted, at once."""
    desk, person, document = visitor.stage.backend.configuration, visitor.person, work.current.document
    view = next((each for each in _views(visitor) if each.entry["id"] == question.target), None)
    if view is None:
        st.info("There is no such provider any more.", icon=":material/help:")
        return
    name = view.entry["name"]
    st.markdown(_outcome(question.kind, view, _left_alone(document, question.target)))

    def turn() -> str:
        if question.kind == "delete":
            done = act_at_once(visitor, lambda: desk.delete_provider(name, view.version, person))
            show_provider(None)
        else:
            entry = {**view.entry, "isActive": question.kind == "enable"}
            done = act_at_once(visitor, lambda: desk.change_provider(name, entry, view.version, person))
        return _in_force(done)

    answer(question.kind.capitalize(), turn, word=None if question.kind == "enable" else name)


def _views(visitor: Visitor) -> Sequence[ProviderView]:
    return visitor.stage.bridge.call(visitor.stage.backend.configuration.providers(visitor.person))


def _outcome(kind: QuestionKind, view: ProviderView, alone: Sequence[str]) -> str:
    bold = f"**{literal(view.entry['name'])}**"
    at_once = "from now on, in every process. This does not wait for your draft."
    if kind == "enable":
        return f"{bold} gets its requests again, {at_once}"
    only = f" It is the only active provider of {literal(', '.join(alone))}." if alone else ""
    if kind == "delete":
        key = " Its stored keys are lost." if view.key.stored else ""
        return f"{bold} is removed, {at_once} What is on record of it stays.{key}{only}"
    return f"{bold} gets no more requests, {at_once}{only}"


def _left_alone(document: Document, row_id: str) -> list[str]:
    """Return the use cases that no other active provider serves."""
    serving = {each: _serving(document, each) for each in use_case_names(document)}
    return [each for each, ids in serving.items() if ids == {row_id}]


def _serving(document: Document, use_case: str) -> set[str]:
    return {row["id"] for row in document["providers"] if row["isActive"] and use_case in row["useCases"]}


def _switch(visitor: Visitor, work: Work, name: str) -> None:
    is_on = bool(work.current.document["flags"][name])
    label = SWITCHES[name]
    what = "any provider" if name == "llm" else f"a provider of {label}"
    if is_on:
        st.markdown(
            f"**No request goes to {what}** from now on, in every process, until it is switched on again. Callers get "
            "an error that says so. This does not wait for your draft."
        )
    else:
        st.markdown(f"Requests go to {what} again from now on, in every process. This does not wait for your draft.")

    def turn() -> str:
        desk = visitor.stage.backend.configuration
        return _in_force(act_at_once(visitor, lambda: desk.set_flags({name: not is_on}, visitor.person)))

    answer("Switch off" if is_on else "Switch on", turn, word=label if is_on else None)


def _roll_back(visitor: Visitor, work: Work, revision: int) -> None:
    desk, person, call = visitor.stage.backend.configuration, visitor.person, visitor.stage.bridge.call
    newest = work.current.version.revision
    changes = call(desk.compare(newest, revision, person)).changes
    st.markdown(
        f"The configuration of **revision {revision}** is put in force again, as a new version. Keys stay as they are. "
        f"**{change_count(len(changes))}** from what is in force:"
    )
    draw_changes(changes, "What rolling back changes")
    _warn_of(changes)
    note = st.text_input(
        "Note", key="providers_rollback_note", max_chars=LONGEST_NOTE, autocomplete="off",
        placeholder=f"Left empty: Back to revision {revision}",
    )  # fmt: skip

    def roll_back() -> str:
        return _in_force(call(desk.rollback(revision, person, base=newest, note=note)))

    answer("Roll back", roll_back, word=str(revision), ready=bool(changes))


def _in_force(done: Applied) -> str:
    if not done.changed:
        return "It is so already; nothing was changed."
    return f"Revision {done.revision} is in force; every process follows within 2 seconds."
