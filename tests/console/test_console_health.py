"""The Health screen, run as Streamlit runs it: states, controls, who may use them, and what a dialog demands."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from router_core.errors.base import OverloadedError
from router_core.types import BreakerTransition, Principal
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.console.health_fakes import NOW, healthy_provider, open_breaker, report_of, running_drill

DOWN = healthy_provider("openai-gpt4o", word="down", breaker=open_breaker(), takes_over="openai-gpt4o-mini",
                        last_error="bad gateway")  # fmt: skip


def texts(app: AppTest) -> str:
    return "\n".join([each.value for each in app.markdown] + [each.value for each in app.error])


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.button]


def confirm(app: AppTest, kind: str, name: str) -> AppTest:
    return app.button(key=f"health_{kind}_{name}").click().run()


def test_every_provider_has_its_card_with_state_in_words(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(busy=True), page="health")
    assert not app.exception
    shown = texts(app)
    assert "openai\\-gpt4o" in shown or "openai-gpt4o" in shown
    assert "Healthy" in shown
    assert app.metric[0].label == "Providers healthy"


def test_a_provider_that_is_down_is_named_with_what_happens_now(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.report = report_of(DOWN, healthy_provider("openai-gpt4o-mini"))
    app = open_console(backend, page="health")
    (banner,) = app.error
    assert "is down" in banner.value
    assert "mini" in banner.value
    assert "17" in banner.value


def test_a_running_drill_is_told_and_can_be_stopped(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.report = report_of(healthy_provider(), drills=(running_drill(),))
    app = open_console(backend, page="health")
    assert app.info
    app.button(key="health_stop_D1").click().run()
    assert not app.exception
    assert backend.orders == [("stop", "D1")]


def test_the_timeline_tells_when_why_and_who(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    upstream = DOWN.upstream
    assert upstream is not None
    change = BreakerTransition(
        id="T1", at=NOW - timedelta(minutes=1), node="n", upstream=upstream.id, before="CLOSED", after="OPEN",
        cause="forced_open", detail="maintenance", actor="ada", until=None,
    )  # fmt: skip
    backend.report = report_of(DOWN, transitions=(change,))
    app = open_console(backend, page="health")
    (table,) = app.dataframe
    row = table.value.iloc[0]
    assert (row["Provider"], list(row["Change"]), list(row["Who"])) == ("openai-gpt4o", ["Closed → Open"], ["ada"])
    assert row["Why"] == "Forced open: maintenance"


def test_forcing_a_breaker_demands_a_reason_and_the_typed_name(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    app = confirm(open_console(backend, page="health"), "open", "openai-gpt4o")
    assert not app.exception
    assert app.button(key="health_confirm").disabled
    app.text_input(key="health_reason").set_value("maintenance").run()
    app.text_input(key="health_confirm_openai-gpt4o").set_value("openai-gpt4").run()
    assert app.button(key="health_confirm").disabled
    app.text_input(key="health_confirm_openai-gpt4o").set_value("openai-gpt4o").run()
    app.button(key="health_confirm").click().run()
    assert backend.orders == [("OPEN", "openai-gpt4o", "maintenance", 900)]
    assert [each.value for each in app.toast] == ["The breaker of openai-gpt4o is forced open."]
    assert "health_confirm" not in [each.key for each in app.button]


def test_a_reset_needs_the_typed_name_only(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.report = report_of(DOWN)
    app = confirm(open_console(backend, page="health"), "reset", "openai-gpt4o")
    app.text_input(key="health_confirm_openai-gpt4o").set_value("openai-gpt4o").run()
    app.button(key="health_confirm").click().run()
    assert backend.orders == [("reset", "openai-gpt4o")]


def test_a_drill_is_ordered_with_its_provider_share_and_time(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    app = open_console(backend, page="health")
    app.button(key="health_drill").click().run()
    app.text_input(key="health_drill_reason").set_value("game day").run()
    app.text_input(key="health_confirm_openai-gpt4o").set_value("openai-gpt4o").run()
    app.button(key="health_confirm").click().run()
    ((kind, order),) = backend.orders
    assert (kind, order.provider, order.percent, order.duration_s, order.reason) == (
        "drill", "openai-gpt4o", 100, 60, "game day",
    )  # fmt: skip


def test_cancelling_a_dialog_does_nothing(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    app = confirm(open_console(backend, page="health"), "open", "openai-gpt4o")
    app.button(key="health_cancel").click().run()
    assert backend.orders == []
    assert "health_confirm" not in [each.key for each in app.button]


def test_a_refused_action_says_so_and_keeps_the_dialog(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.report = report_of(DOWN)
    backend.trouble = OverloadedError("The action was refused")
    app = confirm(open_console(backend, page="health"), "reset", "openai-gpt4o")
    app.text_input(key="health_confirm_openai-gpt4o").set_value("openai-gpt4o").run()
    app.button(key="health_confirm").click().run()
    assert any("refused" in each.value for each in app.error)
    assert "health_confirm" in [each.key for each in app.button]


@pytest.mark.parametrize("role", ["viewer", "analyst", "prompt_engineer"])
def test_other_roles_do_not_see_the_screen(open_console: OpenConsole, role: str) -> None:
    backend = FakeBackend(busy=True)
    backend.people["other"] = Principal(kind="person", id="u9", name="x", role=role, accounts=("acme",))  # type: ignore[arg-type]
    app = open_console(backend, "other", page="health")
    assert "operator" in texts(app) + "".join(each.value for each in app.warning) + "".join(
        each.value for each in app.info
    )
    assert backend.windows == []


def test_names_and_reasons_are_shown_as_they_are(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.report = report_of(healthy_provider("x<img src=y onerror=z>", last_error="<script>1</script> [a](b)"))
    app = open_console(backend, page="health")
    assert not app.exception
    assert "<script>" not in "".join(str(each) for each in app.get("html"))
