"""The configuration as a YAML file: downloaded as it is in force, uploaded or pasted into the person's draft."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from console.format import literal
from console.identity import Visitor
from console.providers.dialogs import answer, ask
from console.providers.diff import change_count, draw_changes
from console.providers.documents import Document
from console.providers.words import fault_line
from console.providers.work import Work
from router_core.clock import Clock, new_ulid
from router_core.configuration.changes import changes_between
from router_core.configuration.documents import document_of
from router_core.configuration.reading import read_configuration
from router_core.errors import NotFoundError
from router_core.types import Configuration, Finding
from signalbox.config_file import read_config, write_config
from signalbox.faults import UsageFault

__all__ = ["draw_import", "offer_sheets"]

MOST_FAULTS: Final = 20
LARGEST_MB: Final = 8


def offer_sheets(work: Work) -> None:
    """Draw the buttons that download what is in force, and open the dialog that takes a document up."""
    current = work.current
    revision = current.version.revision
    st.download_button(
        "Export", lambda: write_config(current.document, revision), file_name=f"signalbox-{revision}.yaml",
        mime="application/yaml", key="providers_export", on_click="ignore", icon=":material/download:",
        help="The configuration in force, as YAML. Keys are no part of it.",
    )  # fmt: skip
    st.button("Import", key="providers_import", on_click=ask, args=("import",), icon=":material/upload:")


def draw_import(visitor: Visitor, work: Work) -> None:
    """Take up a document into the draft, once it can be read; what it would change is shown first."""
    st.caption("YAML as it is exported here. It goes into your draft; nothing is in force before you apply.")
    upload = st.file_uploader("File", type=["yaml", "yml", "json"], key="providers_file", max_upload_size=LARGEST_MB)
    pasted = st.text_area("Or paste it", key="providers_pasted", height=160)
    text = pasted if upload is None else upload.getvalue().decode("utf-8", "replace")
    if not text.strip():
        return
    try:
        raw, revision = read_config(text, "The document" if upload is None else upload.name)
        base, origin = _origin(visitor, work, revision)
    except (UsageFault, NotFoundError) as error:
        st.error(literal(str(error)), icon=":material/error:")
        return
    document, findings = _read(raw, origin, visitor.stage.clock)
    if document is None:
        _show(findings)
        return
    changes = changes_between(origin, document)
    st.markdown(f"**{change_count(len(changes))}** of revision {base}.")
    draw_changes(changes, "What the document changes")
    if work.draft is not None:
        st.warning(f"It replaces your draft of {change_count(len(work.changes))}.", icon=":material/warning:")

    def keep() -> str:
        visitor.stage.bridge.call(visitor.stage.backend.configuration.keep_draft(document, base, visitor.person))
        return "The document is your draft now."

    answer("Take it up", keep, ready=bool(changes))


def _origin(visitor: Visitor, work: Work, revision: int | None) -> tuple[int, Document]:
    """Return the revision that the document was made from, and what was in force then."""
    newest = work.current.version.revision
    if revision is None or revision == newest:
        return newest, work.current.document
    desk = visitor.stage.backend.configuration
    return revision, visitor.stage.bridge.call(desk.version(revision, visitor.person)).document


def _read(raw: Document, origin: Document, clock: Clock) -> tuple[Document | None, Sequence[Finding]]:
    """Return ``raw`` with everything that it leaves out, or what makes it unreadable."""

    def new_id() -> str:
        return new_ulid(clock)

    known, _ = read_configuration(origin, Configuration(), new_id)
    wanted, findings = read_configuration(raw, known or Configuration(), new_id)
    return (None if wanted is None else document_of(wanted)), findings


def _show(findings: Sequence[Finding]) -> None:
    lines = [f"- {fault_line(each)}" for each in findings[:MOST_FAULTS]]
    more = f"\n- and {len(findings) - MOST_FAULTS} more" if len(findings) > MOST_FAULTS else ""
    st.error("\n".join(lines) + more, icon=":material/error:")
