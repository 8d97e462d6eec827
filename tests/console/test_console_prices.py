"""The price book on the Budgets screen, run as Streamlit runs it."""

import asyncio
from typing import Any

import pytest
from msgspec import structs

from console.budgets.rerating import rerating_csv
from router_core.admin.price_desk import RatedRow, ReratingReport
from router_core.clock import SystemClock
from router_core.cost.rerating import RatedGroup, RatedSum
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import OWNER, FakeBackend
from tests.support.price_worlds import dated


def priced() -> FakeBackend:
    """Return a backend in which two of the four standard models have a listed price."""
    backend = FakeBackend()
    listed = [dated("gpt-4o", 2_500_000_000), dated("claude-haiku-4-5", 1_000_000_000)]
    asyncio.run(backend.book.store.list_prices(listed, "1.0"))
    return backend


def table(app: Any, heading: str) -> Any:
    return next(each.value for each in app.dataframe if heading in each.value)


def test_what_every_provider_costs_is_shown_and_what_has_no_price_is_named(open_console: OpenConsole) -> None:
    app = open_console(priced(), page="budgets", view="Prices")
    assert not app.exception
    shown = table(app, "Changes").set_index("Model")
    assert shown.loc["gpt-4o", "Input"] == "$2.50"
    assert shown.loc["gpt-4o", "Output"] == "$10.00"
    assert shown.loc["gpt-4o-mini", "Input"] == "unpriced"
    assert any("claude\\-sonnet" in each.value or "claude-sonnet-4-5" in each.value for each in app.warning)


def test_a_price_is_set_through_the_dialog_and_a_refusal_is_shown(open_console: OpenConsole) -> None:
    backend = priced()
    app = open_console(backend, page="budgets", view="Prices")
    app.button(key="price_change").click().run()
    app.selectbox(key="price_model").set_value("gpt-4o").run()
    app.selectbox(key="price_account").set_value("acme").run()
    app.text_input(key="price_input").set_value("1,5").run()
    app.text_input(key="price_output").set_value("8").run()
    app.button(key="price_do").click().run()
    assert any("dollars for a million tokens" in each.value for each in app.error)
    app.text_input(key="price_input").set_value("1.5").run()
    app.button(key="price_do").click().run()
    (version,) = asyncio.run(backend.prices.history(OWNER))
    assert (version.model, version.account_id, version.rates().input) == ("gpt-4o", "acme", 1_500_000_000)
    assert [each.action for each in asyncio.run(backend.acts.recent(10))] == ["prices.set"]
    assert list(table(app, "By")["For"]) == ["Acme Corporation"]


def test_a_price_is_withdrawn_through_the_dialog(open_console: OpenConsole) -> None:
    backend = priced()
    own = dated("gpt-4o", 7, kind="own")
    asyncio.run(backend.book.store.put_prices([own]))
    app = open_console(backend, page="budgets", view="Prices")
    app.button(key="price_change").click().run()
    app.selectbox(key="price_model").set_value("gpt-4o").run()
    app.checkbox(key="price_ends").check().run()
    app.button(key="price_do").click().run()
    found = backend.book.prices.tariff().price("gpt-4o")
    assert found is not None
    assert found.kind == "listed"


def test_who_may_only_read_can_export_and_change_nothing(open_console: OpenConsole) -> None:
    backend = priced()
    analyst = structs.replace(OWNER, role="analyst")
    backend.people = {"owner-token": analyst}
    app = open_console(backend, page="budgets", view="Prices")
    assert not app.exception
    keys = {each.key for each in app.button}
    assert not keys & {"price_change", "price_import"}
    assert [each.proto.url for each in app.get("link_button")] == ["/api/admin/prices/sheet"]


def test_a_past_period_is_rated_again_on_request(open_console: OpenConsole) -> None:
    app = open_console(priced(), page="budgets", view="Prices")
    app.button(key="rerating_do").click().run()
    assert not app.exception
    assert {each.label: each.value for each in app.metric}["Difference"] == r"\$0.00"


@pytest.mark.parametrize("cost", [1, 123_456_789, 10**12 + 1])
def test_the_report_as_csv_is_exact(cost: int) -> None:
    now = SystemClock().utcnow()
    sums = RatedSum(requests=2, charged=cost, rated=2 * cost, unrated=1, unrated_charged=3)
    row = RatedRow(group=RatedGroup("acme", "row", "gpt-4o"), sums=sums)
    lines = rerating_csv(ReratingReport(since=now, until=now, rows=(row,), total=sums)).decode().splitlines()
    whole, _, fraction = lines[1].split(",")[4].partition(".")
    assert int(whole) * 10**9 + int(fraction.ljust(9, "0")) == cost
