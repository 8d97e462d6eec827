"""The Health screen, run as Streamlit runs it: states, controls, who may use them, and what a dialog demands."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from router_core.errors.base import OverloadedError
from router_core.types import BreakerTransition, Force, Principal
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.console.health_fakes import (
    NOW,
    closed_breaker,
    healthy_provider,
    open_breaker,
    report_of,
    running_drill,
)

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


def test_a_dialog_left_open_does_nothing_once_the_session_has_ended(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.report = report_of(DOWN)
    app = confirm(open_console(backend, page="health"), "reset", "openai-gpt4o")
    app.text_input(key="health_confirm_openai-gpt4o").set_value("openai-gpt4o").run()
    backend.people.clear()
    app.button(key="health_confirm").click().run()
    assert backend.orders == []
    assert "Session ended" in [each.value for each in app.subheader]


def test_a_button_that_would_do_nothing_is_disabled_and_says_why(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    held = replace(closed_breaker(), forced=Force(phase="CLOSED", reason="", actor="ada", until=None))
    backend.report = report_of(healthy_provider("calm"), healthy_provider("held", breaker=held))
    app = open_console(backend, page="health")
    reset = app.button(key="health_reset_calm")
    assert (reset.disabled, reset.help) == (True, "Nothing to reset: closed, without failures, not resting.")
    assert not app.button(key="health_reset_held").disabled
    assert app.button(key="health_closed_held").disabled
    assert not app.button(key="health_open_held").disabled


def test_someone_who_may_only_look_sees_no_controls(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.may_only_look = True
    backend.report = report_of(DOWN, drills=(running_drill(),))
    app = open_console(backend, page="health")
    assert "is down" in texts(app)
    assert not [each for each in app.button if (each.key or "").startswith("health_")]


def test_an_operator_is_in_control(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.people["op"] = Principal(kind="person", id="u5", name="op", role="operator", accounts=("acme",))
    app = open_console(backend, "op", page="health")
    assert {"health_drill", "health_open_openai-gpt4o"} <= {each.key for each in app.button}


def test_a_banner_for_each_tone_worst_first(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    force = Force(phase="OPEN", reason="*maintenance*", actor="ada@example.com", until=NOW + timedelta(minutes=5))
    backend.report = report_of(
        healthy_provider("a", word="down", breaker=replace(open_breaker(), forced=force), stranded=("voice",)),
        healthy_provider("b", word="down", breaker=open_breaker(), takes_over="c", stranded=("voice", "vision")),
        healthy_provider("c", word="recovering", breaker=replace(closed_breaker(), state="HALF_OPEN"), takes_over="d"),
        drills=(running_drill("d"),),
    )
    app = open_console(backend, page="health")
    (down,), (care,), (drill,) = app.error, app.warning, app.info
    first, second = down.value.split("  \n")
    assert "forced open by ada\u2060@example.com until 12\\:05" in first
    assert r"\*maintenance\*" in first
    assert first.endswith("no other provider serves voice.")
    assert "**c** serves instead, but no other provider serves voice and vision" in second
    assert "Next probe in 17\u202fs" in second
    assert "**c** is recovering" in care.value
    assert "50\u202f% of its calls" in drill.value


def test_the_form_of_a_drill_says_whom_it_hits_and_who_helps(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.report = report_of(healthy_provider("a", takes_over="b"), healthy_provider("b"))
    app = open_console(backend, page="health")
    app.button(key="health_drill").click().run()
    assert "100\u202f% of calls to a" in texts(app)
    assert "**b** serves instead" in texts(app)
    app.selectbox(key="health_drill_fault").set_value("slow_first_token").run()
    assert "give their first token only after 5.00\u202fs" in texts(app)


def test_an_empty_board_says_so(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.report = report_of()
    app = open_console(backend, page="health")
    assert not app.exception
    assert "No provider is configured" in texts(app)
    assert app.button(key="health_drill").disabled


def test_overview_leads_to_health_those_who_may_go_there(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.states["openai-gpt4o"] = "down"
    assert len(open_console(backend).get("page_link")) == 1
    assert open_console(backend, "viewer-token").get("page_link") == []
