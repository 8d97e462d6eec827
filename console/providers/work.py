"""What is in force, the person's draft of what comes next, and the ways to change either."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import streamlit as st
from msgspec import Struct

from console.identity import Visitor, current_visitor
from console.providers.documents import Document, is_shaped
from router_core.admin.configuration_views import CurrentConfig, DraftView
from router_core.configuration.changes import changes_between
from router_core.configuration.rebasing import rebased
from router_core.errors import LLMError, NotFoundError
from router_core.types import ConfigChange, Finding

__all__ = [
    "Work",
    "act_at_once",
    "amend",
    "amend_here",
    "discard",
    "fault_next",
    "faults_at",
    "flash_next",
    "load_work",
    "take_theirs",
    "take_words",
]

T = TypeVar("T")
SAID_KEY: Final = "providers_said"
FAULT_KEY: Final = "providers_fault"


class Work(Struct, frozen=True):
    """``origin`` is what ``document`` was made from: what is in force, or was when a draft gone stale was begun."""

    current: CurrentConfig
    draft: DraftView | None
    origin: Document
    document: Document
    changes: tuple[ConfigChange, ...] = ()

    @property
    def base(self) -> int:
        """The revision that the document was made from."""
        return self.current.version.revision if self.draft is None else self.draft.draft.base

    @property
    def is_stale(self) -> bool:
        """Whether somebody changed the configuration since the draft was begun."""
        return self.draft is not None and self.draft.stale

    @property
    def is_readable(self) -> bool:
        """Whether a screen can show the document."""
        return is_shaped(self.document)

    @property
    def findings(self) -> Sequence[Finding]:
        """What is wrong with the document, or only looks wrong; nothing is said of what is in force already."""
        return () if self.draft is None else self.draft.review.findings


def load_work(visitor: Visitor) -> Work:
    """Return what the person works on. Raises what the backend raises."""
    call, desk, person = visitor.stage.bridge.call, visitor.stage.backend.configuration, visitor.person
    current = call(desk.current(person))
    draft = call(desk.draft(person))
    if draft is None:
        return Work(current, None, current.document, current.document)
    origin: Document = current.document
    if draft.stale:
        with suppress(NotFoundError):
            origin = call(desk.version(draft.draft.base, person)).document
    document = {**origin, **draft.draft.document}
    changes = changes_between(origin, document) if is_shaped(document) else ()
    return Work(current, draft, origin, document, changes)


def faults_at(work: Work, places: Sequence[str]) -> Mapping[str, Finding]:
    """Return the findings below ``places``, such as ``providers[openai-gpt4o]``, by field; the place's own under ''."""
    found: dict[str, Finding] = {}
    for each in work.findings:
        for place in places:
            if each.path == place or each.path.startswith((f"{place}.", f"{place}[")):
                found.setdefault(each.path.removeprefix(place).lstrip("."), each)
    return found


def amend(visitor: Visitor, change: Callable[[Document], Document]) -> None:
    """Make ``change`` in the person's draft, and begin one where there is none; a draft like its base is dropped."""
    work = load_work(visitor)
    document = change(work.document)
    desk, person = visitor.stage.backend.configuration, visitor.person
    if document == work.origin and not work.is_stale:
        visitor.stage.bridge.call(desk.drop_draft(person))
        return
    note = "" if work.draft is None else work.draft.draft.note
    visitor.stage.bridge.call(desk.keep_draft(document, work.base, person, note))


def amend_here(change: Callable[[Document], Document]) -> None:
    """Do what :func:`amend` does, from a widget's callback; what goes wrong is said in the run that follows."""
    visitor = current_visitor(touch=True)
    if visitor is None:
        return
    try:
        amend(visitor, change)
    except LLMError as error:
        fault_next(error.message)


def discard(visitor: Visitor) -> None:
    """Forget the person's draft."""
    visitor.stage.bridge.call(visitor.stage.backend.configuration.drop_draft(visitor.person))


def take_theirs(visitor: Visitor) -> Sequence[str]:
    """Put the draft on what is in force now; return the fields whose change gave way to somebody else's."""
    return _move(visitor, load_work(visitor))


def act_at_once(visitor: Visitor, act: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do something that is in force at once; a draft that was up to date stays so. Raises what ``act`` raises."""
    work = load_work(visitor)
    done = visitor.stage.bridge.call(act())
    if work.draft is not None and not work.is_stale:
        _move(visitor, work)
    return done


def _move(visitor: Visitor, work: Work) -> Sequence[str]:
    """Put ``work``'s draft on what is in force now."""
    if work.draft is None or not work.is_readable:
        return ()
    desk, person, call = visitor.stage.backend.configuration, visitor.person, visitor.stage.bridge.call
    current = call(desk.current(person))
    made = rebased(work.origin, work.document, current.document)
    if made.document == current.document:
        call(desk.drop_draft(person))
    else:
        call(desk.keep_draft(made.document, current.version.revision, person, work.draft.draft.note))
    return made.given_up


def flash_next(said: str) -> None:
    """Say in the next run that something is done."""
    st.session_state[SAID_KEY] = said


def fault_next(said: str) -> None:
    """Say in the next run that something went wrong."""
    st.session_state[FAULT_KEY] = said


def take_words() -> tuple[str | None, str | None]:
    """Return once what the last action has to say, and what went wrong with it."""
    return st.session_state.pop(SAID_KEY, None), st.session_state.pop(FAULT_KEY, None)
