"""The smallest call to a provider, and how it ended."""

from typing import Final

import streamlit as st

from console.format import ago, duration, literal
from console.identity import current_visitor
from console.providers.documents import Document, row_of
from console.providers.work import Work, fault_next
from router_core.admin.configuration_views import ConnectionResult
from router_core.configuration.findings import WrongConfigurationError
from router_core.errors import LLMError

__all__ = ["draw_test", "offer_test"]

RESULTS_KEY: Final = "providers_tests"


def offer_test(row: Document, work: Work, key: str) -> None:
    """Draw the button that makes the call, as the draft has the provider."""
    row_id = str(row.get("id"))
    is_in_force = row_of(work.current.document, row_id) == row
    st.button(
        "Test", key=f"{key}_{row_id}", on_click=_test, args=(row_id, row["name"] if is_in_force else row),
        icon=":material/network_check:", help="Makes the smallest call, within 5 seconds; billed to nobody.",
    )  # fmt: skip


def draw_test(row_id: str) -> None:
    """Say how the last call ended, if there was one."""
    found = st.session_state.get(RESULTS_KEY, {}).get(row_id)
    visitor = current_visitor(touch=False)
    if found is None or visitor is None:
        return
    result, at = found
    since = ago((visitor.stage.clock.utcnow() - at).total_seconds())
    if result.ok:
        st.success(f"Answered in {duration(result.latency_ms)} · {since}", icon=":material/check_circle:")
    elif result.ok is False:
        st.error(f"{literal(result.error or 'No answer')} · {since}", icon=":material/error:")
    else:
        st.info(f"Not tested: {literal(result.error or 'no call was made')} · {since}", icon=":material/help:")


def _test(row_id: str, entry: Document | str) -> None:
    """Make the call; runs before the page is drawn again, so that the page shows how it ended."""
    visitor = current_visitor(touch=True)
    if visitor is None:
        return
    desk, call = visitor.stage.backend.configuration, visitor.stage.bridge.call
    try:
        asked = (
            desk.test_provider(entry, visitor.person)
            if isinstance(entry, str)
            else desk.test_entry(entry, visitor.person)
        )
        result: ConnectionResult = call(asked)
    except WrongConfigurationError:
        fault_next("The provider was not tested. Mend first what is wrong with it.")
        return
    except LLMError as error:
        fault_next(f"The provider was not tested. {error.message}")
        return
    results = st.session_state.setdefault(RESULTS_KEY, {})
    results[row_id] = (result, visitor.stage.clock.utcnow())
