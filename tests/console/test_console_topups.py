"""Top-ups and overdue leases on the Budgets screen, run as Streamlit runs it, over the real facades in memory."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from router_core.admin.topups import TopUpApproval, TopUpOrder
from router_core.clock import SystemClock
from router_core.ports import LeaseAsk
from router_core.types import Principal
from tests.console.budget_fakes import budget_view
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import OWNER, FakeBackend

ANALYST = Principal(kind="person", id="u3", name="an@example.com", role="analyst", accounts=("acme",))


class Team(FakeBackend):
    """A backend with an analyst, who may ask and not decide."""

    def __init__(self) -> None:
        super().__init__()
        self.people["analyst-token"] = ANALYST
        self.views = [budget_view(100, 45, id="default:acme:daily")]

    def may_control(self, person: Principal, control: str) -> bool:
        return control == "topups" if person is ANALYST else super().may_control(person, control)

    def asked(self, person: Principal = ANALYST, **changes: Any) -> str:
        order = TopUpOrder(**({"amount": "20", "reason": "launch *day*", "target": "acme"} | changes))
        return asyncio.run(self.topups.ask(order, person)).id

    def state_of(self, topup_id: str) -> str:
        return next(each for each in self.money.requests._rows.values() if each.id == topup_id).state


@pytest.fixture
def team() -> Team:
    return Team()


def _keys(app: Any) -> set[str]:
    return {each.key for each in app.button if (each.key or "").startswith(("topup_", "lease_"))}


def _told(app: Any) -> str:
    return "\n".join(each.value for each in (*app.markdown, *app.caption))


def test_an_analyst_asks_for_more_and_sees_the_request_wait(open_console: OpenConsole, team: Team) -> None:
    app = open_console(team, "analyst-token", page="budgets", view="Limits")
    assert not app.exception
    assert _keys(app) == {"topup_ask"}
    app.button(key="topup_ask").click().run()
    app.text_input(key="topup_amount").set_value("1,5").run()
    assert app.button(key="topup_do").disabled
    assert "must be an amount" in _told(app)
    app.text_input(key="topup_amount").set_value("20").run()
    assert "$120.00 with it" in _told(app).replace("\\", "")
    app.text_input(key="topup_reason").set_value("launch").run()
    app.button(key="topup_do").click().run()
    assert not app.exception
    (topup,) = team.money.requests._rows.values()
    assert (topup.amount, topup.target, topup.period, topup.asked_by) == (
        20_000_000_000, "acme", "daily", "an@example.com",
    )  # fmt: skip
    assert _keys(app) == {"topup_ask", f"topup_withdraw_{topup.id}"}


def test_an_admin_approves_another_amount_and_ends_it(open_console: OpenConsole, team: Team) -> None:
    id = team.asked()
    app = open_console(team, page="budgets", view="Limits")
    assert _keys(app) == {"topup_ask", f"topup_approve_{id}", f"topup_deny_{id}"}
    assert r"launch \*day\*" in _told(app)
    app.button(key=f"topup_approve_{id}").click().run()
    assert app.text_input(key=f"topup_amount_{id}").value == "20.00"
    app.text_input(key=f"topup_amount_{id}").set_value("12.5").run()
    app.button(key="topup_do").click().run()
    assert not app.exception
    assert (team.state_of(id), team.money.settings.book().topped_up("account:acme:daily", SystemClock().utcnow())) == (
        "approved", 12_500_000_000,
    )  # fmt: skip
    assert _keys(app) == {"topup_ask", f"topup_end_{id}"}
    app.button(key=f"topup_end_{id}").click().run()
    app.button(key="topup_do").click().run()
    assert team.state_of(id) == "ended"
    assert _keys(app) == {"topup_ask"}


def test_a_denial_needs_a_reason_and_what_somebody_else_decided_is_said(open_console: OpenConsole, team: Team) -> None:
    id = team.asked()
    app = open_console(team, page="budgets", view="Limits")
    app.button(key=f"topup_deny_{id}").click().run()
    assert app.button(key="topup_do").disabled
    app.text_input(key=f"topup_note_{id}").set_value("not now").run()
    asyncio.run(team.topups.approve(id, TopUpApproval(), OWNER))
    app.button(key="topup_do").click().run()
    assert "somebody else has decided" in app.error[0].value
    assert team.state_of(id) == "approved"


def test_who_asked_withdraws(open_console: OpenConsole, team: Team) -> None:
    id = team.asked()
    app = open_console(team, "analyst-token", page="budgets", view="Limits")
    app.button(key=f"topup_withdraw_{id}").click().run()
    app.button(key="topup_do").click().run()
    assert team.state_of(id) == "withdrawn"
    assert list(app.dataframe[-1].value["State"]) == ["withdrawn"]


def test_who_lost_the_right_meanwhile_decides_nothing(open_console: OpenConsole, team: Team) -> None:
    id = team.asked()
    app = open_console(team, page="budgets", view="Limits")
    app.button(key=f"topup_approve_{id}").click().run()
    team.people.clear()
    app.button(key="topup_do").click().run()
    assert team.state_of(id) == "pending"


def test_a_bar_says_what_of_the_limit_is_a_top_up_and_until_when(open_console: OpenConsole, team: Team) -> None:
    ends = SystemClock().utcnow() + timedelta(hours=30)
    team.views = [budget_view(120, 45, topped_up=20_000_000_000, topped_up_until=ends)]
    told = "".join(str(each.proto) for each in open_console(team, page="budgets", view="Limits").get("html"))
    assert f"of $120.00 incl. $20.00 until {ends:%-d %b %H:%M}" in told


def _overdue(team: Team, seconds: float) -> None:
    ends = SystemClock().utcnow() - timedelta(seconds=seconds)
    ask = LeaseAsk(
        lease="n1-1", budget=team.views[0].budget, period="2026-03-01", keep=0, settled=0, ends_at=ends, need=5 * 10**9,
        demand=5 * 10**9,
    )  # fmt: skip
    asyncio.run(team.money.store.adjust("journal-7", [ask]))


def test_an_overdue_lease_is_told_of_and_written_off(open_console: OpenConsole, team: Team) -> None:
    _overdue(team, 3_700)
    app = open_console(team, page="budgets", view="Limits")
    assert "held by journal-7, overdue for 1" in _told(app)
    app.button(key="lease_n1-1").click().run()
    app.button(key="lease_do").click().run()
    assert not app.exception
    assert asyncio.run(team.money.store.leases(10)) == []
    assert "lease_n1-1" not in _keys(app)


def test_a_lease_that_may_come_back_and_one_that_is_not_yours_are_not_told_of(
    open_console: OpenConsole, team: Team
) -> None:
    _overdue(team, 60)
    assert "lease_n1-1" not in _keys(open_console(team, page="budgets", view="Limits"))
    team.money.store._leases.clear()
    _overdue(team, 3_700)
    assert "lease_n1-1" not in _keys(open_console(team, "analyst-token", page="budgets", view="Limits"))


def test_a_limit_is_removed_and_thresholds_are_set_in_the_dialog(open_console: OpenConsole, team: Team) -> None:
    team.views = [budget_view(100, 45, id="b7", thresholds=(70, 95))]
    app = open_console(team, page="budgets", view="Limits")
    app.button(key="budget_change").click().run()
    marks = app.text_input(key="budget_thresholds_account_acme_daily_hard")
    assert marks.value == "70, 95"
    marks.set_value("60, x").run()
    app.text_input(key="budget_limit").set_value("12").run()
    app.button(key="budget_do").click().run()
    assert "whole percentages" in app.error[0].value
    app.text_input(key="budget_thresholds_account_acme_daily_hard").set_value("60, 99").run()
    app.button(key="budget_do").click().run()
    assert team.limits_set[0].thresholds == (60, 99)
    app.button(key="budget_change").click().run()
    app.button(key="budget_drop").click().run()
    assert team.limits_dropped == ["b7"]


def test_there_is_nothing_to_remove_where_nothing_was_set(open_console: OpenConsole, team: Team) -> None:
    team.views = [budget_view(100, 45, own=False)]
    app = open_console(team, page="budgets", view="Limits")
    app.button(key="budget_change").click().run()
    assert not [each for each in app.button if each.key == "budget_drop"]
