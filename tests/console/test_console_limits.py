"""The view of rate limits, run as Streamlit runs it."""

from typing import Any

import pytest
from msgspec import structs

from console.limits.dialogs import order_of
from console.limits.view import in_need_first
from router_core.admin.limit_desk import LimitOrder
from router_core.errors import OverloadedError
from router_core.types import Principal
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.console.limit_fakes import limit_view

ANALYST = Principal(kind="person", id="u9", name="an@example.com", role="analyst", accounts=("acme",))


def _busy() -> FakeBackend:
    backend = FakeBackend()
    backend.people["analyst-token"] = ANALYST
    double = backend.limiting
    double.views = [limit_view("account", "acme", own=True), limit_view("key", "k1", left=-3, throttled=12)]
    double.stats = structs.replace(double.stats, kind="redis", admitted=812, refused=12, local=4, share=4)
    return backend


def _html(app: Any) -> str:
    return " ".join(each.proto.body for each in app.get("html"))


def _labels(app: Any) -> list[str]:
    return [each.label for each in app.button]


def test_every_limit_is_shown_with_what_is_left_those_in_need_first(open_console: OpenConsole) -> None:
    app = open_console(_busy(), page="budgets", view="Rates")
    assert not app.exception
    said = _html(app)
    assert said.index("API key k1") < said.index("Account")
    assert "12 refused" in said
    assert "Requests, 10 a second" in said
    assert "0 of 50 left" in said
    tiles = {each.label: each.value for each in app.metric}
    assert (tiles["Throttled lately"], tiles["Admitted"], tiles["Refused"]) == ("12", "812", "12")
    assert tiles["Kept"] == "in Redis"


def test_when_redis_is_away_the_screen_says_so(open_console: OpenConsole) -> None:
    backend = _busy()
    backend.limiting.stats = structs.replace(backend.limiting.stats, kind="local")
    app = open_console(backend, page="budgets", view="Rates")
    assert {each.label: each.value for each in app.metric}["Kept"] == "here, Redis is away"


def test_who_may_not_edit_is_offered_nothing(open_console: OpenConsole) -> None:
    app = open_console(_busy(), token="analyst-token", page="budgets", view="Rates")
    assert not app.exception
    assert not {"Set a limit", "Reset"} & set(_labels(app))


def test_a_limit_is_set_from_the_dialog(open_console: OpenConsole) -> None:
    backend = _busy()
    app = open_console(backend, page="budgets", view="Rates")
    app.button(key="limit_change").click().run()
    app.selectbox(key="limit_scope").set_value("key").run()
    app.text_input(key="limit_key").set_value("k7").run()
    app.text_input(key="limit_requests_per_second_key_k7").set_value("2.5").run()
    app.text_input(key="limit_tokens_per_minute_key_k7").set_value("90,000").run()
    app.button(key="limit_do").click().run()
    assert not app.exception
    assert backend.limiting.acts == [("set", "key", "k7")]
    assert backend.limiting.orders == [LimitOrder(requests_per_second=2.5, tokens_per_minute=90_000)]


def test_what_is_no_number_is_said_before_anything_is_asked(open_console: OpenConsole) -> None:
    backend = _busy()
    app = open_console(backend, page="budgets", view="Rates")
    app.button(key="limit_change").click().run()
    app.selectbox(key="limit_scope").set_value("key").run()
    app.text_input(key="limit_key").set_value("k7").run()
    app.text_input(key="limit_burst_key_k7").set_value("many").run()
    app.button(key="limit_do").click().run()
    assert [each.value for each in app.error] == ["Requests at once is a number, or empty for no limit."]
    assert backend.limiting.acts == []


def test_a_reset_needs_its_word_typed(open_console: OpenConsole) -> None:
    backend = _busy()
    app = open_console(backend, page="budgets", view="Rates")
    app.button(key="limit_reset").click().run()
    assert app.button(key="limit_reset_do").disabled
    app.text_input(key="limit_confirm").set_value("reset").run()
    app.button(key="limit_reset_do").click().run()
    assert not app.exception
    assert backend.limiting.acts == [("reset", "key", "k1")]


def test_an_act_that_is_refused_says_why(open_console: OpenConsole) -> None:
    backend = _busy()
    backend.limiting.error = OverloadedError("The action was refused")
    app = open_console(backend, page="budgets", view="Rates")
    app.button(key="limit_reset").click().run()
    app.text_input(key="limit_confirm").set_value("reset").run()
    app.button(key="limit_reset_do").click().run()
    assert [each.value for each in app.error] == ["The action was refused"]


def test_those_that_refused_come_first_then_those_with_least_left() -> None:
    views = [limit_view("key", "full"), limit_view("key", "low", left=3), limit_view("key", "refused", throttled=1)]
    assert [each.limit.target for each in in_need_first(views, {})] == ["refused", "low", "full"]


@pytest.mark.parametrize(
    ("fields", "order"),
    [
        ({"requests_per_second": " 2.5 ", "burst": ""}, LimitOrder(requests_per_second=2.5)),
        ({"tokens_per_minute": "1,000", "concurrency": "3"}, LimitOrder(tokens_per_minute=1_000, concurrency=3)),
    ],
)
def test_empty_fields_are_no_limit(fields: dict[str, str], order: LimitOrder) -> None:
    assert order_of(fields) == order
