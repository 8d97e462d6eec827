"""Alerts on the Budgets screen: what was raised, channels added, tested, switched, removed, secrets once."""

import asyncio
from typing import Any

import pytest

from router_core.alerts.signing import shown_secret
from router_core.ports import Attempted, Sent
from router_core.types import Principal
from tests.console.budget_fakes import budget_view
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.support.alert_worlds import alert, channel, secret_of

ANALYST = Principal(kind="person", id="u9", name="an@example.com", role="analyst", accounts=("acme",))


@pytest.fixture
def backend() -> FakeBackend:
    made = FakeBackend()
    made.views = [budget_view(100, 45)]
    made.people["analyst-token"] = ANALYST
    return made


def _told(app: Any) -> str:
    return "".join(str(each.proto) for each in app.get("html"))


def _seen(app: Any) -> str:
    return "\n".join(str(each.value) for each in app.markdown)


def _prepare(backend: FakeBackend, *, failed: bool = False) -> None:
    """Make a channel, raise an alert, and try to deliver it once."""
    world = backend.alerts.world

    async def work() -> None:
        await world.channels.put(channel(target="https://hooks.example.com/T0KEN"))
        await world.raise_alerts([alert(detail="<b>x</b>"), alert(kind="unpriced", subject="<i>odd</i>", threshold=0)])
        claimed = await world.outbox.claim(world.clock.utcnow(), 1)
        result = Attempted(delivered=not failed, status=500 if failed else 200, error="No $uccess" if failed else "")
        await world.outbox.settle(claimed[0].delivery, result)

    asyncio.run(work())


def test_alerts_are_sentences_with_what_became_of_them(open_console: OpenConsole, backend: FakeBackend) -> None:
    _prepare(backend)
    app = open_console(backend, page="budgets", view="Alerts")
    assert not app.exception
    told = _told(app)
    assert "Account acme has spent 80 % of its daily budget: $80.10 of $100.00" in told
    assert "1 delivered" in told or "1 on its way" in told
    assert "<i>odd" not in told
    assert "&lt;i&gt;odd" in told


def test_without_alerts_and_channels_the_screen_says_so(open_console: OpenConsole, backend: FakeBackend) -> None:
    app = open_console(backend, page="budgets", view="Alerts")
    said = [each.value for each in app.caption]
    assert "Nothing was raised." in said
    assert any(each.startswith("Alerts go to nobody yet") for each in said)


def test_a_channel_is_added_and_its_secret_shown_once(open_console: OpenConsole, backend: FakeBackend) -> None:
    app = open_console(backend, page="budgets", view="Alerts")
    app.button(key="alert_add").click().run()
    assert app.button(key="alert_do").disabled
    app.text_input(key="alert_target_webhook").set_value("https://bad.example").run()
    app.button(key="alert_do").click().run()
    assert "must not be bad" in app.error[0].value
    app.text_input(key="alert_target_webhook").set_value(" https://hooks.example.com/in ").run()
    app.button(key="alert_do").click().run()
    (made,) = asyncio.run(backend.alerts.world.channels.list())
    assert made.target == "https://hooks.example.com/in"
    assert app.code[0].value == shown_secret(secret_of(made.id))
    app.button(key="alert_close").click().run()
    assert not app.code
    assert not open_console(backend, page="budgets", view="Alerts").code


def test_a_secret_is_shown_on_request(open_console: OpenConsole, backend: FakeBackend) -> None:
    _prepare(backend)
    app = open_console(backend, page="budgets", view="Alerts")
    app.button(key="alert_secret_c1").click().run()
    assert not app.code
    app.button(key="alert_do").click().run()
    assert app.code[0].value == shown_secret(secret_of("c1"))


def test_a_test_says_what_came_of_it(open_console: OpenConsole, backend: FakeBackend) -> None:
    _prepare(backend)
    app = open_console(backend, page="budgets", view="Alerts")
    app.button(key="alert_test_c1").click().run()
    app.button(key="alert_do").click().run()
    assert app.success[0].value == "It was delivered."
    backend.alerts.webhooks.answer = Sent(delivered=False, error="The receiver did not answer in time")
    app.button(key="alert_do").click().run()
    assert "did not answer in time" in app.error[0].value


def test_a_channel_is_switched_off_and_removed(open_console: OpenConsole, backend: FakeBackend) -> None:
    _prepare(backend)
    app = open_console(backend, page="budgets", view="Alerts")
    app.button(key="alert_switch_c1").click().run()
    app.button(key="alert_do").click().run()
    (off,) = asyncio.run(backend.alerts.world.channels.list())
    assert not off.active
    assert "Switched off" in _seen(app)
    app.button(key="alert_remove_c1").click().run()
    app.button(key="alert_do").click().run()
    assert asyncio.run(backend.alerts.world.channels.list()) == []


def test_a_failed_delivery_says_why_and_is_made_again(open_console: OpenConsole, backend: FakeBackend) -> None:
    _prepare(backend, failed=True)
    app = open_console(backend, page="budgets", view="Alerts")
    again = [each for each in app.button if str(each.key).startswith("alert_again_")]
    assert len(again) == 1
    again[0].click().run()
    app.button(key="alert_do").click().run()
    states = {each.delivery.state for each in asyncio.run(backend.alerting.deliveries(backend.people["owner-token"]))}
    assert states == {"pending"}


def test_who_may_only_read_sees_no_way_to_change_and_no_token(open_console: OpenConsole, backend: FakeBackend) -> None:
    _prepare(backend)
    asyncio.run(
        backend.alerts.world.channels.put(channel("own", target="https://own.example/T0KEN", account_id="acme"))
    )
    app = open_console(backend, token="analyst-token", page="budgets", view="Alerts")
    assert not app.exception
    assert not [each for each in app.button if str(each.key).startswith("alert_")]
    seen = _seen(app)
    assert "own.example" in seen
    assert "T0KEN" not in seen
    assert "hooks.example.com" not in seen
