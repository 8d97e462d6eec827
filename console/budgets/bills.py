"""A provider's bill against our record: upload, compare, and see by day and model what does not agree."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from console.budgets.sheets import sheet
from console.format import DASH, literal, money, prose
from console.identity import Visitor, require
from router_core.cells import safe_cell
from router_core.cost.bill import WrongBillError
from router_core.cost.reconciliation import (
    DEFAULT_TOLERANCE,
    Drift,
    Reconciled,
    Reconciliation,
    parse_tolerance,
)
from router_core.errors import LLMError
from router_core.types import EVERY_ACCOUNT, NanoUSD, format_usd

__all__ = ["bill_csv", "draw_bills"]

FOUND_KEY: Final = "bill_found"
MOST_MEGABYTES: Final = 8
# Longer tables scroll.
MOST_ROWS_SHOWN: Final = 20
TABLE_HEIGHT_PX: Final = 560
_NUMBERS: Final = ("Our tokens", "Bill's tokens", "Token drift", "Our cost", "Bill's cost", "Cost drift")


def draw_bills() -> None:
    """Draw the comparison for those who see every account; it draws itself anew alone."""
    st.fragment(_draw)()


def bill_csv(found: Reconciliation) -> bytes:
    """Return the report as CSV with exact dollars; the last row has the totals."""
    headings = (
        "day", "model", "other_names", "our_requests", "our_tokens", "bill_tokens", "token_drift", "token_percent",
        "our_cost_usd", "bill_cost_usd", "cost_drift_usd", "cost_percent", "estimated_requests", "unpriced_requests",
        "within",
    )  # fmt: skip
    return sheet(headings, [_cells(each) for each in (*found.lines, found.totals)])


def _draw() -> None:
    visitor = require("budgets")
    if visitor.person.role not in EVERY_ACCOUNT:
        return
    st.subheader("A provider's bill", anchor=False)
    st.caption("A usage export of OpenAI or Anthropic as CSV, by UTC day and model, against what is on record here.")
    file = st.file_uploader("Usage export", type="csv", key="bill_file", max_upload_size=MOST_MEGABYTES)
    tolerance = st.text_input("Tolerance in percent", str(DEFAULT_TOLERANCE), key="bill_tolerance", width=180)
    if st.button("Compare", key="bill_compare", icon=":material/balance:", disabled=file is None) and file is not None:
        st.session_state.pop(FOUND_KEY, None)
        _compare(require("budgets", touch=True), file, tolerance.strip())
    found: tuple[str, Reconciliation] | None = st.session_state.get(FOUND_KEY)
    # What was found out about another file is not shown beside this one.
    if found is not None and file is not None and found[0] == file.file_id:
        _report(found[1])


def _compare(visitor: Visitor, file: UploadedFile, tolerance: str) -> None:
    try:
        percent = parse_tolerance(tolerance)
        asked = visitor.stage.backend.bills.reconcile(file.getvalue(), visitor.person, percent)
        st.session_state[FOUND_KEY] = (file.file_id, visitor.stage.bridge.call(asked))
    except WrongBillError as error:
        st.error("The file cannot be read, so nothing of it was compared.", icon=":material/error:")
        faults = [{"Line": each.line, "Column": each.column, "What is wrong": each.reason} for each in error.faults]
        st.dataframe(faults, hide_index=True, height=_height(len(faults)), alt="What is wrong with the file")
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")


def _report(found: Reconciliation) -> None:
    totals, days = found.totals, f"{found.first_day} to {found.last_day}"
    off = sum(not each.within for each in found.lines)
    if found.within:
        st.success(f"Within {found.tolerance} % on every line, {days}.", icon=":material/check_circle:")
    else:
        st.error(
            f"{off:,} of {len(found.lines):,} lines drift beyond {found.tolerance} %, {days}.", icon=":material/error:"
        )
    with st.container(horizontal=True):
        ours, theirs = totals.ours, totals.theirs
        st.metric("Our cost", literal(DASH if ours is None else money(ours.cost)), border=True)
        told = None if theirs is None else theirs.cost
        st.metric("Bill's cost", literal(DASH if told is None else money(told)), border=True)
        st.metric("Cost drift", literal(_share(totals.cost, _signed)), border=True)
        st.metric("Token drift", literal(_share(totals.tokens, _whole)), border=True)
    rows = [_row(each) for each in found.lines]
    numbers = {name: st.column_config.TextColumn(alignment="right") for name in _NUMBERS}
    st.dataframe(
        rows, hide_index=True, column_config=numbers, height=_height(len(rows)), alt="Our record against the bill"
    )
    if found.left_out:
        st.caption(f"Not on this vendor's bill, so not compared: {literal(', '.join(found.left_out))}.")
    st.download_button(
        "CSV", bill_csv(found), file_name=f"reconciled-{found.first_day}-{found.last_day}.csv", mime="text/csv",
        icon=":material/download:", key="bill_csv", on_click="ignore",
    )  # fmt: skip


def _height(rows: int) -> Any:
    return "content" if rows <= MOST_ROWS_SHOWN else TABLE_HEIGHT_PX


def _row(line: Reconciled) -> dict[str, Any]:
    ours, theirs = line.ours, line.theirs
    return {
        "Day": "" if line.day is None else line.day.isoformat(),
        "Model": line.model or "none",
        "Verdict": "within" if line.within else "drift",
        "Our tokens": DASH if ours is None else f"{ours.tokens:,}",
        "Bill's tokens": DASH if theirs is None or theirs.tokens is None else f"{theirs.tokens:,}",
        "Token drift": _share(line.tokens, _whole),
        "Our cost": DASH if ours is None else money(ours.cost),
        "Bill's cost": DASH if theirs is None or theirs.cost is None else _signed(theirs.cost),
        "Cost drift": _share(line.cost, _signed),
        "Notes": ", ".join(_notes(line)),
    }


def _notes(line: Reconciled) -> Sequence[str]:
    ours, theirs = line.ours, line.theirs
    notes = ["only on the bill"] if ours is None else ["only ours"] if theirs is None else []
    if ours is not None:
        notes += [f"{ours.estimated:,} estimated"] if ours.estimated else []
        notes += [f"{ours.unpriced:,} unpriced"] if ours.unpriced else []
    notes += ["batch work"] if theirs is not None and theirs.batch else []
    return [*notes, *(f"also {name}" for name in line.names)]


def _share(drift: Drift, shown: Callable[[int], str]) -> str:
    if drift.amount is None:
        return DASH
    return shown(drift.amount) + ("" if drift.percent is None else f" ({drift.percent:+.2f} %)")


def _whole(amount: int) -> str:
    return f"{amount:+,}"


def _signed(amount: NanoUSD) -> str:
    return f"-{money(-amount)}" if amount < 0 else money(amount)


def _cells(line: Reconciled) -> list[str | int | float | None]:
    ours, theirs = line.ours, line.theirs
    return [
        "total" if line.day is None else line.day.isoformat(),
        safe_cell(line.model or ""),
        safe_cell(" ".join(line.names)),
        None if ours is None else ours.requests,
        None if ours is None else ours.tokens,
        None if theirs is None else theirs.tokens,
        line.tokens.amount,
        line.tokens.percent,
        None if ours is None else "unpriced" if ours.cost is None else format_usd(ours.cost),
        None if theirs is None or theirs.cost is None else format_usd(theirs.cost),
        None if line.cost.amount is None else format_usd(line.cost.amount),
        line.cost.percent,
        None if ours is None else ours.estimated,
        None if ours is None else ours.unpriced,
        "yes" if line.within else "no",
    ]
