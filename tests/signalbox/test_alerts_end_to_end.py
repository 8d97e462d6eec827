"""Whole runtimes on one store, real receivers: from a request that spends too much to the person who is told."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from router_core.admin.alert_views import AlertView, ChannelOrder
from router_core.admin.treasury import BudgetOrder
from router_core.clock import SystemClock
from router_core.errors import OverloadedError, PaymentRequiredError
from router_core.ports import AccountRecord
from router_core.types import Principal
from signalbox.bootstrap import Overrides, Runtime, build
from signalbox.settings import read_settings
from tests.support.alert_worlds import Receiver
from tests.support.core_fakes import PRICES, ScriptedAdapters, answer, ask, service
from tests.support.fake_clock import FakeClock

Begin = Callable[[], Awaitable[Runtime]]
WITHIN_S = 20.0
TRIES = 5
ANN = Principal(kind="person", id="u1", name="ann@example.com", role="owner", accounts=())
# A thousand tokens read and five hundred written by the cheap model: 450,000 nano-dollars.
COST, LIMIT = 450_000, "0.01"


@pytest.fixture
async def begin(tmp_path: Path) -> AsyncIterator[Begin]:
    """Starts runtimes on one data directory, in which every call is answered alike."""
    env = {
        "SIGNALBOX_DATA_DIR": str(tmp_path), "OPENAI_API_KEY": "sk-test", "SIGNALBOX_HEALTH_CHECKS": "false",
        "SIGNALBOX_AUDIT_FLUSH_S": "0.05", "SIGNALBOX_ALLOWED_WEBHOOKS": "127.0.0.1", "ANTHROPIC_API_KEY": "sk-ant-t",
    }  # fmt: skip
    async with AsyncExitStack() as stack:

        async def starter() -> Runtime:
            adapters = ScriptedAdapters(FakeClock())
            for name in ("openai-gpt4o-mini", "openai-gpt4o"):
                adapters.always(name, answer())
            runtime = await build(read_settings(env), overrides=Overrides(adapters=adapters, prices=PRICES))
            stack.push_async_callback(runtime.close)
            return runtime

        yield starter


async def _acme(runtime: Runtime) -> None:
    """Make the account acme with a daily budget of a cent."""
    now = SystemClock().utcnow()
    await runtime.accounts.create(AccountRecord(id="acme", name="Acme", timezone="UTC", is_active=True, created_at=now))
    order = BudgetOrder(scope="account", target="acme", period="daily", limit=LIMIT)
    await runtime.money.treasury.set_budget(order, ANN)


async def _request(runtime: Runtime) -> None:
    """Ask as a client does, who comes again when the money is in other hands for the moment."""
    for _ in range(TRIES):
        try:
            await runtime.router.complete(ask(max_tokens=500, use_case="general"), service("acme"), None)
        except OverloadedError:
            continue
        return
    raise AssertionError("the money never came back")


async def _comes_true(condition: Callable[[], Awaitable[bool]]) -> bool:
    """Wait, for as long as a delivery may take, until ``condition`` holds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + WITHIN_S
    while not await condition() and loop.time() < end:
        await asyncio.wait([loop.create_future()], timeout=0.05)
    return await condition()


def _signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    """Return what a receiver that holds ``secret`` expects."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert len(key) == 32
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


async def test_a_hanging_receiver_delays_no_request_and_two_processes_tell_the_other_once(begin: Begin) -> None:
    one, two = await begin(), await begin()
    await _acme(one)
    async with Receiver(gate=asyncio.Event()).open() as hanging, Receiver(status=204).open() as quick:
        for receiver in (hanging, quick):
            await one.money.alerts.make_channel(ChannelOrder(kind="webhook", target=receiver.url), ANN)
        for _ in range(6):
            await asyncio.gather(_request(one), _request(two))

        async def told() -> bool:
            return len(quick.got) >= 2

        # 12 requests are 54 % of the limit: the threshold and the burn rates, all while one receiver says nothing.
        assert await _comes_true(told)
        await asyncio.gather(_request(one), _request(two))

        async def quiet() -> bool:
            found = await one.money.alerts.deliveries(ANN)
            waits = [each.delivery for each in found if str(quick.port) in each.target]
            return bool(waits) and all(each.state == "delivered" for each in waits)

        assert await _comes_true(quiet)
        assert hanging.gate is not None
        hanging.gate.set()
    ids = [headers["webhook-id"] for headers, _ in quick.got]
    assert len(ids) == len(set(ids))
    kinds = {json.loads(body)["type"] for _, body in quick.got}
    assert {"alert.threshold", "alert.burn_fast"} <= kinds
    said = [json.loads(body)["data"]["sentence"] for _, body in quick.got]
    assert any(each.startswith("Account Acme has spent 50 % of its daily budget: $0.005") for each in said)
    alerts = await two.money.alerts.alerts(ANN)
    assert len(alerts) == len({(each.kind, each.threshold, each.limit) for each in alerts})
    stats = one.recording.stats()
    assert (stats.dropped, stats.failed) == (0, 0)


async def test_who_runs_out_of_money_is_told_of_a_new_limit_too(begin: Begin) -> None:
    runtime = await begin()
    await _acme(runtime)
    async with Receiver().open() as receiver:
        made = await runtime.money.alerts.make_channel(
            ChannelOrder(kind="webhook", target=receiver.url, kinds=("threshold",), account_id="acme"), ANN
        )
        for _ in range(12):
            await _request(runtime)

        async def told() -> bool:
            return len(receiver.got) == 1

        assert await _comes_true(told)
        order = BudgetOrder(scope="account", target="acme", period="daily", limit="0.008")
        await runtime.money.treasury.set_budget(order, ANN)
        await _request(runtime)

        async def told_again() -> bool:
            return len(receiver.got) == 2

        assert await _comes_true(told_again)
    assert made.secret is not None
    for headers, body in receiver.got:
        assert headers["webhook-signature"] == _signature(made.secret, headers, body)
    data = [json.loads(body)["data"] for _, body in receiver.got]
    assert [(each["threshold"], each["limitUsd"]) for each in data] == [(50, "0.010000"), (50, "0.008000")]


async def _limit(runtime: Runtime, amount: str) -> None:
    order = BudgetOrder(scope="account", target="acme", period="daily", limit=amount)
    await runtime.money.treasury.set_budget(order, ANN)


async def _refused(runtime: Runtime) -> None:
    with pytest.raises(PaymentRequiredError):
        await _request(runtime)


async def _spent_out(runtime: Runtime) -> list[AlertView]:
    return [each for each in await runtime.money.alerts.alerts(ANN) if each.kind == "spent_out"]


async def test_that_requests_are_refused_is_told_once_by_all_processes_though_less_than_all_is_spent(
    begin: Begin,
) -> None:
    one, two = await begin(), await begin()
    await _acme(one)
    # Room for what one request holds, and not for two.
    await _limit(one, "0.0006")

    async def both_know() -> bool:
        return [each.limit for each in two.config.snapshot().budgets.budgets] == [600_000]

    assert await _comes_true(both_know)
    await _request(one)
    for runtime in (one, two, one, two):
        await _refused(runtime)

    async def all_on_record() -> bool:
        return one.recording.stats().flushed + two.recording.stats().flushed >= 5

    assert await _comes_true(all_on_record)
    (told,) = await _spent_out(two)
    assert told.limit == 600_000
    assert 0 < told.spent <= COST
    assert told.sentence.startswith("Requests are refused: the daily budget of account Acme is spent ($0.000")


async def test_a_limit_that_is_cut_below_what_is_spent_is_told_with_the_next_refusal(begin: Begin) -> None:
    runtime = await begin()
    await _acme(runtime)
    await _request(runtime)
    await _limit(runtime, "0.0001")
    assert await _spent_out(runtime) == []
    await _refused(runtime)

    async def told() -> bool:
        return len(await _spent_out(runtime)) == 1

    assert await _comes_true(told)
    (found,) = await _spent_out(runtime)
    assert (found.limit, found.spent) == (100_000, COST)
