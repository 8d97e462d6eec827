"""Who would serve a request of a use case now, and why."""

from typing import Any

import streamlit as st

from console.format import literal
from console.identity import Visitor
from console.providers.rows import Known
from console.providers.work import Work
from router_core.errors import LLMError
from router_core.types import Considered, LLMRequest

__all__ = ["draw_preview"]


def draw_preview(visitor: Visitor, use_case: str, work: Work, known: Known) -> None:
    """Draw the decision for a short request, as the configuration in force has it; nothing is called."""
    with st.container(border=True):
        st.markdown("**Who would serve now**")
        accounts: dict[Any, str] = {"": "your own account", **known.accounts}
        account = st.selectbox(
            "Asked by", list(accounts), format_func=lambda each: accounts.get(each, str(each)), key="providers_asked_by"
        )
        st.caption(
            f"A short request, as revision {work.current.version.revision} has it"
            + (", without your draft." if work.changes else ".")
            + " Nothing is called or charged."
        )
        request = LLMRequest(prompt="Hello", use_case=use_case, account_id=account or None)
        try:
            decision = visitor.stage.bridge.call(visitor.stage.backend.route(visitor.person, request))
        except LLMError as error:
            st.info(literal(error.message), icon=":material/help:")
            return
        kept = [each for each in decision.considered if each.kept]
        lines = [f"{number}. {_words(each)}" for number, each in enumerate(kept, start=1)]
        lines += [f"- :gray[{_words(each)}]" for each in decision.considered if not each.kept]
        st.markdown("\n".join(lines) if kept else "Nobody.\n" + "\n".join(lines))


def _words(each: Considered) -> str:
    mark = "" if each.kept else ":material/block: "
    return f"{mark}**{literal(each.provider)}** {literal(each.model)} · {literal(each.reason)}"
