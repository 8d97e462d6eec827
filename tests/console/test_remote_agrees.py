"""A console elsewhere sees what one in the API's own process sees, and meets the same refusals."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from msgspec import structs

from console.remote.door import RemoteDoor
from router_core.admin.topups import TopUpOrder
from router_core.admin.treasury import BudgetOrder
from router_core.clock import SystemClock
from router_core.errors import ForbiddenError, LLMError
from router_core.security.api_keys import new_api_key
from router_core.types import AuditFilter, DrillOrder, KeyRole, Principal, Secret, TextDelta
from signalbox.screens.backend import ConsoleBackend
from signalbox.screens.failures import packed
from signalbox.screens.in_process import InProcessBackend
from signalbox.screens.views import LiveScope
from signalbox.screens.wire import wire_calls
from tests.support.core_fakes import ask, service
from tests.support.remote_rig import PASSWORD, PEER, RemoteRig, console_over, remote_rig

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = SystemClock().utcnow()
HOUR_AGO, TOMORROW = NOW - timedelta(hours=1), NOW + timedelta(days=1)
OWNER = Principal(kind="person", id="user-owner", name="owner@example.com", role="owner", accounts=("acme",))
EVERYTHING = AuditFilter(since=HOUR_AGO, until=TOMORROW)
NO_LIMIT = BudgetOrder(scope="account", target="acme", period="daily", limit="1,5")
NO_TOPUP = TopUpOrder(scope="account", target="acme", period="daily", amount="x", reason="y")
CSV = b"date,model,cost\nyesterday,gpt-4o,1.5\n"

Ask = Callable[[ConsoleBackend, Principal], Any]

# What is asked, and how. Everything that only looks is here; what acts is below, or refused here.
LOOKS: dict[str, Ask] = {
    "account_names": lambda at, who: at.account_names(who),
    "alerting.alerts": lambda at, who: at.alerting.alerts(who, 10),
    "alerting.channels": lambda at, who: at.alerting.channels(who),
    "alerting.deliveries": lambda at, who: at.alerting.deliveries(who, limit=5),
    "alerting.kinds": lambda at, _: at.alerting.kinds(),
    "audit_choices": lambda at, who: at.audit_choices(who),
    "audit_detail": lambda at, who: at.audit_detail(who, "01NOSUCHROW"),
    "audit_page": lambda at, who: at.audit_page(
        who, AuditFilter(since=HOUR_AGO, until=TOMORROW), limit=20, cursor=None, oldest=True
    ),
    "bills.outlook": lambda at, who: at.bills.outlook("provider", who, "12.50"),
    "bills.savings": lambda at, who: at.bills.savings(7, who, ZoneInfo("Europe/Berlin")),
    "budgets": lambda at, who: at.budgets(who),
    "chain_check": lambda at, who: at.chain_check(who),
    "choices": lambda at, who: at.choices(who),
    "configuration.compare": lambda at, who: at.configuration.compare(1, None, who),
    "configuration.current": lambda at, who: at.configuration.current(who),
    "configuration.draft": lambda at, who: at.configuration.draft(who),
    "configuration.providers": lambda at, who: at.configuration.providers(who),
    "configuration.version": lambda at, who: at.configuration.version(1, who),
    "configuration.versions": lambda at, who: at.configuration.versions(who, limit=3),
    "health": lambda at, who: at.health(who, "1h"),
    "leases.list": lambda at, who: at.leases.list(who),
    "live": lambda at, who: at.live(who, LiveScope(window="1h")),
    "overview": lambda at, who: at.overview(who),
    "prices.history": lambda at, who: at.prices.history(who, "gpt-4o"),
    "prices.prices": lambda at, who: at.prices.prices(who),
    "prices.rerate": lambda at, who: at.prices.rerate(who, HOUR_AGO, TOMORROW),
    "recorder": lambda at, who: at.recorder(who),
    "retention": lambda at, who: at.retention(who),
    "route": lambda at, who: at.route(who, ask(use_case="complex")),
    "spending": lambda at, who: at.spending(who, "provider", HOUR_AGO, TOMORROW),
    "topups.list": lambda at, who: at.topups.list(who),
    "trace": lambda at, who: at.trace(who, "turn-0"),
}
REFUSALS: dict[str, Ask] = {
    "alerting.remove_channel": lambda at, who: at.alerting.remove_channel("none", who),
    "alerting.deliver_again": lambda at, who: at.alerting.deliver_again("none", who),
    "bills.course": lambda at, who: at.bills.course("none", who),
    "bills.reconcile": lambda at, who: at.bills.reconcile(CSV, who, Decimal("0.5")),
    "configuration.apply_draft": lambda at, who: at.configuration.apply_draft(who),
    "configuration.change_provider": lambda at, who: at.configuration.change_provider("openai-gpt4o", {}, 9, who),
    "configuration.delete_provider": lambda at, who: at.configuration.delete_provider("none", 1, who),
    "configuration.keep_draft": lambda at, who: at.configuration.keep_draft({}, 1, who, "x" * 999),
    "configuration.rollback": lambda at, who: at.configuration.rollback(0, who),
    "configuration.set_flags": lambda at, who: at.configuration.set_flags({"llm": 3, "others": 4}, who),
    "configuration.test_entry": lambda at, who: at.configuration.test_entry({"name": "x"}, who),
    "configuration.test_provider": lambda at, who: at.configuration.test_provider("none", who),
    "drop_budget": lambda at, who: at.drop_budget(who, "none"),
    "force_breaker": lambda at, who: at.force_breaker(who, "none", "OPEN", reason="x", seconds=60.0),
    "leases.write_off": lambda at, who: at.leases.write_off("none", who),
    "prices.import_sheet": lambda at, who: at.prices.import_sheet("no,sheet", who),
    "reset_breaker": lambda at, who: at.reset_breaker(who, "none", "x"),
    "route": lambda at, who: at.route(who, ask(account_id="no-such-account")),
    "set_budget": lambda at, who: at.set_budget(who, NO_LIMIT),
    "start_drill": lambda at, who: at.start_drill(who, DrillOrder(provider="none", fault="cut", duration_s=60)),
    "stop_drill": lambda at, who: at.stop_drill(who, "none"),
    "topups.ask": lambda at, who: at.topups.ask(NO_TOPUP, who),
    "topups.withdraw": lambda at, who: at.topups.withdraw("none", who),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RemoteRig]:
    """A runtime that has answered a few requests, all on record."""
    async with remote_rig(tmp_path_factory.mktemp("remote")) as made:
        for number in range(3):
            await made.runtime.router.complete(ask(use_case="general", max_tokens=9), service("acme"), f"turn-{number}")
        await made.on_record(EVERYTHING, 3)
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def token(rig: RemoteRig) -> str:
    """The session of an owner, who signed in through the console elsewhere."""
    return await rig.sign_in("owner")


async def told(call: Any) -> Any:
    """Return what a call gives, or what it raises."""
    try:
        return await call
    except LLMError as error:
        return error


@pytest.mark.parametrize("name", sorted(LOOKS))
async def test_what_is_shown_is_what_the_process_itself_shows(rig: RemoteRig, token: str, name: str) -> None:
    encode = wire_calls()[name].encode_answer
    here = await LOOKS[name](InProcessBackend(rig.runtime), OWNER)
    there = await LOOKS[name](rig.console.backend(token), OWNER)
    assert encode(there) == encode(here)


@pytest.mark.parametrize("name", sorted(REFUSALS))
async def test_what_is_refused_is_refused_with_the_same_error(rig: RemoteRig, token: str, name: str) -> None:
    here = await told(REFUSALS[name](InProcessBackend(rig.runtime), OWNER))
    there = await told(REFUSALS[name](rig.console.backend(token), OWNER))
    assert isinstance(here, LLMError)
    assert type(there) is type(here)
    assert packed(there) == packed(here)


async def test_who_the_console_says_is_asking_is_of_no_account(rig: RemoteRig, token: str) -> None:
    """A page that passed another person on would still act as the one whose session it has."""
    viewer = await rig.sign_in("viewer")
    with pytest.raises(ForbiddenError):
        await rig.console.backend(viewer).health(OWNER, "1h")
    mine, theirs = await asyncio.gather(
        rig.console.visitor(token, touch=False), rig.console.visitor(viewer, touch=False)
    )
    assert mine is not None
    assert theirs is not None
    assert (mine.role, theirs.role) == ("owner", "viewer")


async def test_an_act_is_done_there_and_on_record_as_the_persons(rig: RemoteRig, token: str) -> None:
    backend = rig.console.backend(token)
    budget = await backend.set_budget(OWNER, BudgetOrder(scope="account", target="acme", period="daily", limit="12.50"))
    assert budget in [each.budget for each in await InProcessBackend(rig.runtime).budgets(OWNER)]
    (act,) = await rig.on_record(structs.replace(EVERYTHING, event="budget.set"), 1)
    assert act.user == "owner@example.com"


async def test_who_signed_in_from_where_is_on_record_as_a_trusted_console_says(rig: RemoteRig) -> None:
    """Anybody could name any address, and so be slowed down as somebody else; an admin key makes the word count."""
    email, runtime = await rig.make_person("analyst"), rig.runtime
    roles: tuple[KeyRole, ...] = ("service", "admin")
    keys = [new_api_key(runtime.pepper, runtime.clock, account_id="acme", role=role, name=role) for role in roles]
    for made in keys:
        await runtime.api_keys.create(made.record)
    vouching: list[Secret | None] = [None, Secret("sbx_forged"), *(made.key for made in keys)]
    for place, key in enumerate(vouching):
        async with console_over(rig.transport, key=key) as console:
            await RemoteDoor(console).sign_in(email, PASSWORD, f"10.1.1.{place}")
    found = await rig.on_record(structs.replace(EVERYTHING, event="session.opened", user=email), len(vouching))
    assert [each.address for each in found] == [PEER, PEER, PEER, "10.1.1.3"]


async def test_a_stream_comes_whole_whatever_marks_its_text_holds(rig: RemoteRig, token: str) -> None:
    request = ask(model_override="openai-gpt4o", stream=True)
    found = [each async for each in rig.console.backend(token).stream(OWNER, request, "turn-9")]
    assert [each.text for each in found if isinstance(each, TextDelta)] == ["Hel", "lo\u2028", "!"]
    assert type(found[-1]).__name__ == "FinishPart"


async def test_a_stream_for_an_account_that_is_not_the_persons_is_refused(rig: RemoteRig) -> None:
    prompter = await rig.sign_in("prompt_engineer")
    backend = rig.console.backend(prompter)
    with pytest.raises(ForbiddenError, match="account"):
        await anext(backend.stream(OWNER, ask(account_id="other"), "turn-8"))
