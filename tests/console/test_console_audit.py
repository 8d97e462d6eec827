"""The audit log, run as Streamlit runs it: filters in the address, pages, rows in full, hostile text."""

from typing import Any

import pytest
from msgspec import structs

from router_core.admin.chain_check import ChainVerdict
from router_core.audit.verifier import ChainFault, ChainReport
from router_core.clock import SystemClock
from router_core.errors import OverloadedError
from router_core.types import Attempt, AuditDetail, Content, ToolRun
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.support.record_events import audit_row


def _filled(rows: int = 120) -> FakeBackend:
    backend = FakeBackend()
    backend.fill(rows)
    return backend


def _table(app: Any) -> Any:
    return app.dataframe[0].value


def _said(app: Any) -> str:
    return "\n".join([*(each.value for each in app.markdown), *(each.value for each in app.code)])


def test_the_newest_page_comes_first_and_the_count_is_told(open_console: OpenConsole) -> None:
    app = open_console(_filled(), page="audit")
    assert not app.exception
    assert len(_table(app)) == 50
    assert "**121** rows match" in _said(app)
    assert _table(app)["Event"][0] == "breaker.reset"


def test_pages_are_walked_both_ways(open_console: OpenConsole) -> None:
    app = open_console(_filled(), page="audit")
    first = list(_table(app)["Time"])
    app.button(key="audit_older").click().run()
    second = list(_table(app)["Time"])
    assert second != first
    assert "cursor" in app.query_params
    app.button(key="audit_older").click().run()
    assert len(_table(app)) == 21
    assert app.button(key="audit_older").disabled
    app.button(key="audit_newer").click().run()
    assert list(_table(app)["Time"]) == second
    app.button(key="audit_last").click().run()
    assert len(_table(app)) == 50
    app.button(key="audit_first").click().run()
    assert list(_table(app)["Time"]) == first


def test_filters_combine_are_in_the_address_and_cleared_at_once(open_console: OpenConsole) -> None:
    app = open_console(_filled(), page="audit")
    app.selectbox(key="model").set_value("claude-haiku-4-5").run()
    app.selectbox(key="status").set_value("success").run()
    assert set(_table(app)["Model"]) == {"claude-haiku-4-5"}
    assert "**30** rows match" in _said(app)
    app.button(key="audit_clear").click().run()
    assert "**121** rows match" in _said(app)


def test_an_address_with_a_value_that_never_occurred_shows_that_filter(open_console: OpenConsole) -> None:
    app = open_console(_filled())
    app.query_params["model"] = "no-such-model"
    app.switch_page("../pages/audit.py").run()
    assert not app.exception
    assert app.selectbox(key="model").value in ("no-such-model", None)


def test_a_row_opens_in_full(open_console: OpenConsole) -> None:
    app = open_console(_filled(), page="audit")
    app.query_params["row"] = f"{7:026d}"
    app.run()
    said = _said(app)
    assert "$0.000027" in said
    assert "request-7" in said
    assert "Prompt and answer are not kept" in said


def test_an_act_shows_what_was_before_and_after(open_console: OpenConsole) -> None:
    app = open_console(_filled(3), page="audit")
    app.query_params["row"] = f"{4:026d}"
    app.run()
    said = _said(app)
    assert "breaker" in said
    assert '"phase": "OPEN"' in said
    assert '"phase": "CLOSED"' in said


def test_kept_content_is_shown_as_plain_text(open_console: OpenConsole) -> None:
    backend = _filled(2)
    row = audit_row(9, at=backend.log._rows[f"{1:026d}"].entry.at)
    content = Content(prompt="<img src=x onerror=alert(1)>", answer="[x](javascript:alert(1)) $5")
    backend.log.add(AuditDetail(entry=row.entry, decision=row.decision, content=content))
    app = open_console(backend, page="audit")
    app.query_params["row"] = row.entry.id
    app.run()
    assert content.prompt in [each.value for each in app.code]
    assert content.answer in [each.value for each in app.code]


def test_the_trace_of_an_answer_in_steps_shows_its_tools(open_console: OpenConsole) -> None:
    backend = _filled(1)
    row = audit_row(9, at=backend.log._rows[f"{1:026d}"].entry.at)
    assert row.decision is not None
    calls = tuple(
        Attempt(number=step, provider="p", model="m", outcome="success", latency_ms=5.0, step=step) for step in (1, 2)
    )
    run = ToolRun(step=1, name="weather", outcome="timeout", started_ms=5.0, latency_ms=20_000.0)
    decision = structs.replace(row.decision, attempts=calls, tools=(run,))
    backend.log.add(AuditDetail(entry=row.entry, decision=decision))
    app = open_console(backend, page="audit")
    app.query_params["row"] = row.entry.id
    app.run()
    said = _said(app)
    assert "step 2" in said
    assert "timeout" in said
    assert "weather" in said


def test_hostile_names_stay_text(open_console: OpenConsole) -> None:
    backend = _filled(1)
    at = backend.log._rows[f"{1:026d}"].entry.at
    evil = "[x](javascript:alert(1)) <b>bold</b> **$x$**"
    backend.log.add(audit_row(5, at=at, actor=evil, target=evil, account_id=evil, event="breaker.reset"))
    app = open_console(backend, page="audit")
    app.query_params["row"] = f"{5:026d}"
    app.run()
    assert not app.exception
    for each in app.markdown:
        assert "[x](javascript" not in each.value
        assert "<b>bold" not in each.value


def test_an_empty_log_says_what_will_be_here(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), page="audit")
    assert "Nothing happened in this range" in _said(app)
    app.text_input(key="text").input("nothing").run()
    assert "No row matches" in _said(app)


@pytest.mark.parametrize(("name", "value"), [("cursor", "zzz"), ("from", "yesterday")])
def test_a_broken_address_is_told_and_not_a_crash(open_console: OpenConsole, name: str, value: str) -> None:
    app = open_console(_filled(3))
    app.query_params[name] = value
    app.query_params["to"] = "2026-01-01T00:00:00Z"
    app.switch_page("../pages/audit.py").run()
    app.query_params[name] = value
    app.query_params["to"] = "2026-01-01T00:00:00Z"
    app.run()
    assert not app.exception
    assert app.warning


def test_a_viewer_is_told_which_role_it_takes(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), token="viewer-token", page="audit")
    assert "analyst" in app.warning[0].value
    assert not app.dataframe


def test_accounts_are_called_by_name_and_what_is_kept_is_told(open_console: OpenConsole) -> None:
    backend = _filled(3)
    backend.log.add(audit_row(77, account_id="other"))
    app = open_console(backend, page="audit")
    assert not app.exception
    assert any(
        each.value == "Kept: rows 365 days, their traces 30 days, prompts and answers for ever. What goes is on record."
        for each in app.caption
    )
    assert "Acme Corporation" in set(_table(app)["Account"])


def test_the_chains_are_verified_from_the_screen_and_the_outcome_is_told(open_console: OpenConsole) -> None:
    backend = _filled(3)
    app = open_console(backend, page="audit")
    app.button(key="audit_verify").click().run()
    assert not app.exception
    assert app.button(key="audit_verify").disabled
    assert "rows checked so far" in app.info[0].value
    sound = ChainReport(writer="w", rows=4, last_seq=4, vouched_seq=4, end_known=True, fault=None)
    done = structs.replace(backend.check, ended=SystemClock().utcnow(), verdict=ChainVerdict((sound,), ()))
    backend.check = done
    app.run()
    assert "All 4 rows are as they were written**, in 1 chain, " in app.success[0].value
    fault = ChainFault(writer="w", seq=3, id="01X", what="it was changed")
    bad = structs.replace(sound, fault=fault)
    backend.check = structs.replace(done, verdict=ChainVerdict((sound, bad), ("ends/w",)))
    app.run()
    assert "Chain w, row 3 (01X): it was changed." in app.error[0].value
    assert "not signed by us" in app.error[0].value
    backend.check = structs.replace(done, verdict=None, error="The store is busy")
    assert "could not be finished: The store is busy" in app.run().error[0].value


def test_a_store_that_does_not_answer_is_told(open_console: OpenConsole) -> None:
    backend = _filled(3)
    backend.unreadable = OverloadedError("The store cannot be reached")
    app = open_console(backend, page="audit")
    assert not app.exception
    assert "The audit log cannot be read: the store does not answer" in app.error[0].value
    backend.unreadable = None
    assert len(_table(app.run())) == 4
