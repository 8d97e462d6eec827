"""The playground, run without a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from console.playground.run import HISTORY_KEY
from console.playground.turn import Turn
from router_core.errors.provider_errors import RateLimitError
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.console.test_console_overview import words


def send(app: AppTest, prompt: str) -> AppTest:
    """Write ``prompt`` and press Send."""
    app.text_area(key="playground_prompt").input(prompt)
    return app.button(key="playground_send").click().run()


def turns(app: AppTest) -> list[Turn]:
    """Return the session's turns."""
    found: list[Turn] = app.session_state[HISTORY_KEY]
    return found


def test_it_says_where_a_prompt_would_go_before_it_is_sent(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), page="playground")
    assert not app.exception
    assert "Would go to **openai-gpt4o-mini** (gpt-4o-mini): preferred for general." in words(app)
    assert "No prompt sent yet" in words(app)


def test_an_answer_comes_with_its_figures_and_its_trace(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = send(open_console(backend, page="playground"), "What is a signal box?")
    assert not app.exception
    assert [turn.state for turn in turns(app)] == ["done"]
    shown = words(app)
    assert "sets the points and signals" in shown
    assert "Where it went, and why" in shown
    assert "Provider error" in shown
    assert "no key" in shown
    assert "0.000064" in shown
    assert backend.sent[0].prompt == "What is a signal box?"


def test_dollar_signs_of_an_answer_do_not_turn_into_formulas(open_console: OpenConsole) -> None:
    app = send(open_console(FakeBackend(), page="playground"), "hello")
    assert r"\$5 and \$6" in words(app)


def test_an_empty_prompt_is_not_sent(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = send(open_console(backend, page="playground"), "   ")
    assert not backend.sent
    assert any("Write a prompt first" in warning.value for warning in app.warning)


def test_parameters_reach_the_request(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = open_console(backend, page="playground")
    app.segmented_control(key="playground_by").set_value("Model").run()
    app.selectbox(key="playground_model").set_value("claude-haiku-4-5")
    app.slider(key="playground_temperature").set_value(0.2)
    app.number_input(key="playground_max_tokens").set_value(99)
    app.text_area(key="playground_system").input("Be brief.")
    app.text_area(key="playground_schema").input('{"type": "object"}')
    app.text_area(key="playground_tools").input('{"weather": {"description": "d", "parameters": {}}}')
    send(app, "hello")
    request = backend.sent[0]
    assert (request.model_override, request.temperature, request.max_tokens) == ("claude-haiku-4-5", 0.2, 99)
    assert request.system_prompt == "Be brief."
    assert request.response_format is not None
    assert list(request.tools or {}) == ["weather"]


@pytest.mark.parametrize("text", ["{", "[1]", '{"weather": {"color": 1}}'])
def test_tools_that_cannot_be_sent_are_named_and_hold_the_prompt_back(open_console: OpenConsole, text: str) -> None:
    backend = FakeBackend()
    app = open_console(backend, page="playground")
    app.text_area(key="playground_tools").input(text).run()
    assert any(error.value.startswith("Tools:") for error in app.error)
    assert app.button(key="playground_send").disabled
    assert not backend.sent


def test_an_error_is_readable_and_offers_another_try(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.error = RateLimitError("Slow down", provider="openai-gpt4o-mini", retry_after_ms=12_000)
    app = send(open_console(backend, page="playground"), "hello")
    assert not app.exception
    assert "Try again in 12 s" in "".join(error.value for error in app.error)
    backend.error = None
    app.button(key="playground_again").click().run()
    assert [turn.state for turn in turns(app)] == ["failed", "done"]
    assert [request.prompt for request in backend.sent] == ["hello", "hello"]


def test_an_answer_that_was_cut_off_keeps_its_text_and_is_marked_stopped(open_console: OpenConsole) -> None:
    app = send(open_console(FakeBackend(), page="playground"), "hello")
    turn = turns(app)[0]
    turn.state, turn.text = "running", "Half an ans"
    app.run()
    assert [each.state for each in turns(app)] == ["stopped"]
    assert "Half an ans" in words(app)
    assert "Stopped" in words(app)


def test_history_survives_a_page_switch(open_console: OpenConsole) -> None:
    app = send(open_console(FakeBackend(), page="playground"), "hello")
    app.switch_page("../pages/overview.py").run()
    app.switch_page("../pages/playground.py").run()
    assert "sets the points and signals" in words(app)


def test_a_viewer_is_told_which_role_is_needed(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), token="viewer-token", page="playground")
    assert any("prompt engineer" in warning.value for warning in app.warning)
    assert not app.text_area
