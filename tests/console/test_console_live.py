"""The Live screen, run as Streamlit runs it: figures equal the report's, trouble is told, a reset is guarded."""

from datetime import UTC, datetime, timedelta

from router_core.clock import SystemClock
from router_core.errors import OverloadedError
from router_core.journal.stats import RecorderStats
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.support.record_events import event

SINCE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _metrics(app: object) -> dict[str, str]:
    return {each.label: each.value for each in app.metric}  # type: ignore[attr-defined]


def test_the_tiles_show_what_the_report_holds(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.fill(40)
    app = open_console(backend, page="live")
    assert not app.exception
    shown = _metrics(app)
    assert shown["Errors"].startswith("0")
    assert shown["p95 latency"].startswith("13")
    assert shown["Active streams"] == "1"
    table = app.dataframe[0].value
    assert list(table["Name"]) == ["a"]
    assert list(table["Requests"]) == ["40"]
    assert table["Audit"][0].startswith("/audit?from=")


def test_without_traffic_it_says_so(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), page="live")
    assert not app.exception
    assert any("No requests in this range" in each.value for each in app.markdown)


def test_a_record_that_is_behind_is_told_with_what_happens(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.stats = RecorderStats(state="behind", since=SINCE, pending=1_234)
    app = open_console(backend, page="live")
    (told,) = app.warning
    assert "The record is behind" in told.value
    assert "1,234" in told.value
    assert "Requests go on" in told.value


def test_a_journal_that_cannot_be_written_is_told_with_what_happens(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.stats = RecorderStats(state="blocked", since=SINCE, last_error="No space left on device")
    app = open_console(backend, page="live")
    assert "Requests are refused" in app.error[0].value
    backend.stats = RecorderStats(state="failing", since=SINCE, last_error="No space left on device", dropped=3)
    assert "without a journal" in app.run().error[0].value
    backend.stats = RecorderStats(failed=2)
    assert "2 events were set aside" in app.run().error[0].value


def test_a_viewer_is_told_which_role_it_takes(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), token="viewer-token", page="live")
    assert "operator" in app.warning[0].value
    assert not app.metric


def test_a_reset_needs_the_word_and_goes_on_record(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = open_console(backend, page="live")
    app.button(key="live_reset").click().run()
    assert app.button(key="live_reset_do").disabled
    app.text_input(key="live_reset_word").input("reset").run()
    assert not app.button(key="live_reset_do").disabled
    app.button(key="live_reset_do").click().run()
    assert len(backend.resets) == 1
    assert "live_reset_do" not in {each.key for each in app.button}


def test_a_reset_that_fails_says_why_and_leaves_the_dialog_open(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = open_console(backend, page="live")
    app.button(key="live_reset").click().run()
    app.text_input(key="live_reset_word").input("reset").run()
    backend.unreadable = OverloadedError("The store is out of reach")
    app.button(key="live_reset_do").click().run()
    assert not app.exception
    assert "The store is out of reach" in [each.value for each in app.error]
    assert backend.resets == []


def test_a_store_that_never_answered_is_told_on_live_and_overview(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.unreadable = OverloadedError("The store is out of reach")
    for app in (open_console(backend, page="live"), open_console(backend)):
        assert not app.exception
        assert "the store does not answer" in app.error[0].value
        assert not app.metric


def test_failed_requests_lead_to_their_rows_of_the_audit_log(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = open_console(backend, page="live")
    assert not app.get("link_button")
    backend.fill(3)
    now = SystemClock().utcnow()
    backend.counted.add(event(9, timestamp=now, status="error", error_code="TIMEOUT", cost=None))
    (link,) = app.run().get("link_button")
    assert link.proto.url.startswith("/audit?from=")
    assert link.proto.url.endswith("&status=error")


def test_the_figures_are_narrowed_to_what_is_chosen_and_links_carry_it_on(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    app = open_console(backend, page="live")
    everything = app.dataframe[0].value
    assert len(everything) == 4
    app.selectbox(key="live_provider").select("openai-gpt4o").run()
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table["Name"]) == ["openai-gpt4o"]
    wanted = everything[everything["Name"] == "openai-gpt4o"]["Requests"].iloc[0]
    assert table["Requests"].iloc[0] == wanted
    assert "provider=openai-gpt4o" in app.dataframe[1].value["Audit"].iloc[0]


def test_a_range_in_the_address_is_shown_and_can_be_left(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.counted.add(event(1, timestamp=SINCE + timedelta(minutes=5)))
    backend.counted.add(event(2, timestamp=SINCE + timedelta(minutes=50)))
    app = open_console(backend, page="live")
    app.query_params["from"], app.query_params["to"] = "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"
    app.run()
    assert not app.exception
    assert app.dataframe[0].value["Requests"].iloc[0] == "2"
    app.button(key="live_unfix").click().run()
    assert not app.exception
    assert any("No requests in this range" in each.value for each in app.markdown)


def test_a_bad_time_in_the_address_is_named(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), page="live")
    app.query_params["from"] = "yesterday"
    app.run()
    assert not app.exception
    assert "from in the address is no ISO time" in app.warning[0].value


def test_what_waits_and_what_was_lost_is_told(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.stats = RecorderStats(flushed=1_200, pending=7, lag_s=3.0, dropped=2)
    app = open_console(backend, page="live")
    told = next(each.value for each in app.caption if each.value.startswith("Record of this process"))
    assert "7 waiting, the oldest for 3" in told
    assert ":red[2 lost]" in told
