"""The overview, run without a browser."""

from streamlit.testing.v1 import AppTest

from router_core.admin.alert_views import AlertView
from router_core.types import Alert
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.support.fake_clock import START


def words(app: AppTest) -> str:
    """Return everything that is written on the page."""
    kinds = (app.markdown, app.title, app.subheader, app.caption, app.error, app.warning)
    return "\n".join(str(each.value) for kind in kinds for each in kind)


def test_an_empty_hour_says_so_and_offers_the_next_step(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend())
    assert not app.exception
    assert "No requests in the last hour" in words(app)
    assert [metric.value for metric in app.metric][:2] == ["0", "\u2013"]
    assert "Send a first prompt" in words(app)


def test_someone_without_the_playground_is_not_sent_there(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), token="viewer-token")
    assert "No requests in the last hour" in words(app)
    assert "Send a first prompt" not in words(app)


def test_a_busy_hour_shows_its_figures_with_units(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(busy=True))
    assert not app.exception
    labels = {metric.label: metric.value for metric in app.metric}
    assert list(labels) == ["Requests per minute", "Success rate", "p95 latency", "Spend today", "Providers healthy"]
    assert labels["Success rate"].endswith("\u202f%")
    assert labels["p95 latency"].endswith(("\u202fms", "\u202fs"))
    assert labels["Providers healthy"] == "4 of 4"
    assert len(app.dataframe) == 1


def test_a_provider_that_is_down_is_named_before_everything_else(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.states["openai-gpt4o"] = "down"
    app = open_console(backend)
    assert [alert.value for alert in app.error] == [
        "**openai\\-gpt4o** is down: requests skip it where another one can serve.".replace("\\-", "-")
    ]


def test_times_are_in_the_viewers_zone_and_the_zone_is_named(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(busy=True))
    assert any("times in" in str(caption.value) for caption in app.caption)


def test_a_run_counts_as_activity_and_what_the_page_checks_again_does_not(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    open_console(backend)
    assert backend.touches[0] is True
    assert len(backend.touches) >= 3
    assert not any(backend.touches[1:])


def test_a_session_that_ended_shows_no_data(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    app = open_console(backend)
    backend.people.clear()
    app.run()
    assert not app.exception
    assert [each.value for each in app.subheader] == ["Session ended"]
    assert not app.metric


def test_a_cookie_that_is_no_string_lets_nobody_in(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(busy=True), token=object())
    assert [each.value for each in app.subheader] == ["Session ended"]
    assert not app.metric


def test_a_model_without_a_price_is_named(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.unpriced = ("gpt-99",)
    app = open_console(backend)
    assert ["No price is known" in each.value and "gpt" in each.value for each in app.warning] == [True]


def test_what_was_raised_about_money_and_what_waits_needs_attention(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    spent_out = Alert(
        kind="threshold", subject="account:acme:daily", period="2026-03-01", at=START, threshold=100, limit=10, spent=10
    )
    refusing = Alert(kind="spent_out", subject="key:k1:daily", period="2026-03-01", at=START, limit=10, spent=9)
    backend.raised = (
        AlertView.of(spent_out, "Account acme has spent 100 % of its daily budget", {}),
        AlertView.of(refusing, "Requests are refused", {}),
    )
    backend.waiting = 2
    app = open_console(backend)
    assert "has spent 100 % of its daily budget" in app.error[0].value
    assert "Requests are refused" in app.error[1].value
    assert "2 requests wait for more money" in app.warning[0].value


def test_a_process_that_fell_silent_is_named(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.lost_nodes = ("host:8080/2",)
    app = open_console(backend)
    assert any("8080/2" in each.value and "not been heard of" in each.value for each in app.warning)
