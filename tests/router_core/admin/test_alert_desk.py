"""The desk of alerts: who sees what, who changes what, what goes on record, and what is kept from whom."""

from typing import Any

import pytest

from router_core.admin.action_trail import ActionTrail
from router_core.admin.alert_views import ChannelChange, ChannelOrder
from router_core.alerts.signing import shown_secret
from router_core.errors import ForbiddenError, NotFoundError, OverloadedError, ValidationError
from router_core.ports import AccountRecord, Sent
from router_core.security.memory_stores import MemoryAccountStore
from router_core.types import Principal, Role
from tests.support.alert_worlds import MemoryDesk, alert, channel, memory_desk, secret_of
from tests.support.fake_clock import START, FakeClock
from tests.support.operator_desk import FlakyActionLog, operator

HOOK = ChannelOrder(kind="webhook", target="https://hooks.example.com/T0KEN")
ADMIN, ANALYST = operator("admin"), operator("analyst")


class _Rig:
    """A desk with an action log that can be looked at, and the account acme."""

    def __init__(self, made: MemoryDesk, log: FlakyActionLog, clock: FakeClock) -> None:
        self.desk, self.world, self.sender = made.desk, made.world, made.webhooks
        self.log = log
        self.clock = clock


@pytest.fixture
async def rig() -> _Rig:
    clock, accounts = FakeClock(), MemoryAccountStore()
    await accounts.create(AccountRecord(id="acme", name="Acme", timezone="UTC", is_active=True, created_at=START))
    log = FlakyActionLog(clock)
    return _Rig(memory_desk(clock, accounts, ActionTrail(log, clock)), log, clock)


async def test_a_channel_is_made_with_a_secret_that_nobody_keeps(rig: _Rig) -> None:
    made = await rig.desk.make_channel(HOOK, ADMIN)
    assert made.secret == shown_secret(secret_of(made.channel.id))
    assert made.secret.startswith("whsec_")
    (act,) = rig.log.taken
    assert (act.action, act.target) == ("alert_channel.made", made.channel.id)
    assert act.after is not None
    assert act.after["target"] == "https://hooks.example.com/…"
    assert made.secret not in str(rig.log.taken)
    assert "T0KEN" not in str(rig.log.taken)


async def test_two_channels_have_different_secrets_and_an_email_has_none(rig: _Rig) -> None:
    one, other = await rig.desk.make_channel(HOOK, ADMIN), await rig.desk.make_channel(HOOK, ADMIN)
    assert one.secret != other.secret
    mail = await rig.desk.make_channel(ChannelOrder(kind="email", target="ops@example.com"), ADMIN)
    assert mail.secret is None
    with pytest.raises(ValidationError):
        await rig.desk.show_secret(mail.channel.id, ADMIN)


async def test_showing_a_secret_is_on_record(rig: _Rig) -> None:
    made = await rig.desk.make_channel(HOOK, ADMIN)
    assert (await rig.desk.show_secret(made.channel.id, ADMIN)).secret == made.secret
    assert rig.log.verbs == ["alert_channel.made", "alert_channel.secret_shown"]


async def test_nothing_happens_that_cannot_be_written_down(rig: _Rig) -> None:
    made = await rig.desk.make_channel(HOOK, ADMIN)
    rig.log.down = True
    for act in (
        lambda: rig.desk.make_channel(HOOK, ADMIN),
        lambda: rig.desk.remove_channel(made.channel.id, ADMIN),
        lambda: rig.desk.show_secret(made.channel.id, ADMIN),
        lambda: rig.desk.test_channel(made.channel.id, ADMIN),
    ):
        with pytest.raises(OverloadedError):
            await act()
    assert len(await rig.desk.channels(ADMIN)) == 1
    assert rig.sender.sent == []


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"target": "bad"}, "target"),
        ({"account_id": "nobody"}, "accountId"),
    ],
)
async def test_what_cannot_be_is_refused_by_name_and_leaves_no_act(
    rig: _Rig, order: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        await rig.desk.make_channel(ChannelOrder(**{"kind": "webhook", "target": "https://x.example", **order}), ADMIN)
    assert refused.value.field == field
    assert rig.log.taken == []


async def test_mail_that_is_not_set_up_is_refused_clearly() -> None:
    desk = memory_desk(FakeClock(), mail=False).desk
    with pytest.raises(ValidationError, match="SIGNALBOX_SMTP_URL") as refused:
        await desk.make_channel(ChannelOrder(kind="email", target="ops@example.com"), ADMIN)
    assert refused.value.field == "kind"
    assert await desk.kinds() == ("webhook",)


async def test_a_channel_without_a_way_out_can_still_be_switched_off() -> None:
    made = memory_desk(FakeClock(), mail=False)
    await made.world.channels.put(channel("m1", kind="email", target="ops@example.com"))
    off = ChannelChange(target="ops@example.com", version=1, active=False)
    assert not (await made.desk.change_channel("m1", off, ADMIN)).active
    with pytest.raises(ValidationError, match="SIGNALBOX_SMTP_URL"):
        await made.desk.change_channel("m1", ChannelChange(target="ops@example.com", version=2), ADMIN)


async def test_a_channel_is_changed_by_who_read_its_newest_version(rig: _Rig) -> None:
    made = (await rig.desk.make_channel(HOOK, ADMIN)).channel
    change = ChannelChange(target="https://new.example", version=1, kinds=("overage", "overage"), account_id="acme")
    changed = await rig.desk.change_channel(made.id, change, ADMIN)
    assert (changed.version, changed.kinds, changed.account_id) == (2, ("overage",), "acme")
    with pytest.raises(ValidationError) as refused:
        await rig.desk.change_channel(made.id, change, ADMIN)
    assert refused.value.field == "version"
    assert rig.log.verbs == ["alert_channel.made", "alert_channel.changed"]
    assert (rig.log.taken[-1].before or {})["kinds"] == "all"


async def test_a_test_goes_out_once_and_says_what_came_of_it(rig: _Rig) -> None:
    made = (await rig.desk.make_channel(HOOK, ADMIN)).channel
    rig.sender.answer = Sent(delivered=False, status=500, error="The receiver answered 500: no success")
    outcome = await rig.desk.test_channel(made.id, ADMIN)
    assert (outcome.delivered, outcome.status) == (False, 500)
    assert len(rig.sender.sent) == 1
    assert await rig.desk.deliveries(ADMIN) == []


async def test_alerts_say_what_happened_and_how_their_deliveries_stand(rig: _Rig) -> None:
    await rig.desk.make_channel(HOOK, ADMIN)
    await rig.world.raise_alerts([alert(), alert(kind="unpriced", subject="odd", threshold=0)])
    found = {each.kind: each for each in await rig.desk.alerts(ADMIN)}
    assert found["threshold"].sentence == "Account Acme has spent 80 % of its daily budget: $80.10 of $100.00"
    assert found["threshold"].deliveries == {"pending": 1}
    assert (found["threshold"].budget, found["unpriced"].budget) == ("account:acme:daily", None)
    (view,) = await rig.desk.channels(ADMIN)
    assert view.last is not None


async def test_an_analyst_reads_what_is_about_own_accounts_without_tokens(rig: _Rig) -> None:
    own = await rig.desk.make_channel(ChannelOrder(kind="webhook", target=HOOK.target, account_id="acme"), ADMIN)
    await rig.desk.make_channel(HOOK, ADMIN)
    await rig.world.raise_alerts([alert(), alert(subject="account:other:daily"), alert(subject="installation::daily")])
    assert [each.subject for each in await rig.desk.alerts(ANALYST)] == ["account:acme:daily"]
    (seen,) = await rig.desk.channels(ANALYST)
    assert (seen.channel.id, seen.channel.target) == (own.channel.id, "https://hooks.example.com/…")
    assert len(await rig.desk.deliveries(ADMIN)) == 4
    assert {each.delivery.alert_id for each in await rig.desk.deliveries(ANALYST)} == {alert().id}
    other = alert(subject="account:other:daily").id
    assert await rig.desk.deliveries(ANALYST, alert_id=other) == []


@pytest.mark.parametrize("role", ["operator", "prompt_engineer", "viewer", "service"])
async def test_others_see_nothing(rig: _Rig, role: Role) -> None:
    person = Principal(kind="person", id="p", name="p", role=role, accounts=("acme",))
    for look in (rig.desk.alerts, rig.desk.channels, rig.desk.deliveries):
        with pytest.raises(ForbiddenError):
            await look(person)


async def test_an_analyst_changes_nothing(rig: _Rig) -> None:
    made = (await rig.desk.make_channel(HOOK, ADMIN)).channel
    change = ChannelChange(target=HOOK.target, version=1)
    for act in (
        lambda: rig.desk.make_channel(HOOK, ANALYST),
        lambda: rig.desk.change_channel(made.id, change, ANALYST),
        lambda: rig.desk.remove_channel(made.id, ANALYST),
        lambda: rig.desk.show_secret(made.id, ANALYST),
        lambda: rig.desk.test_channel(made.id, ANALYST),
        lambda: rig.desk.deliver_again("x", ANALYST),
    ):
        with pytest.raises(ForbiddenError):
            await act()
    assert rig.log.verbs == ["alert_channel.made"]
    assert not rig.desk.may_edit(ANALYST)


async def test_a_delivery_is_made_again_and_what_is_not_there_leaves_no_act(rig: _Rig) -> None:
    await rig.desk.make_channel(HOOK, ADMIN)
    await rig.world.raise_alerts([alert()])
    (found,) = await rig.desk.deliveries(ADMIN)
    assert (await rig.desk.deliver_again(found.delivery.id, ADMIN)).state == "pending"
    assert rig.log.verbs[-1] == "alert_delivery.again"
    taken = len(rig.log.taken)
    with pytest.raises(NotFoundError):
        await rig.desk.deliver_again("none", ADMIN)
    for act in (rig.desk.remove_channel, rig.desk.show_secret, rig.desk.test_channel):
        with pytest.raises(NotFoundError):
            await act("none", ADMIN)
    assert len(rig.log.taken) == taken


@pytest.mark.parametrize("limit", [0, 1_001])
async def test_a_count_that_cannot_be_is_refused(rig: _Rig, limit: int) -> None:
    for look in (rig.desk.alerts, rig.desk.deliveries):
        with pytest.raises(ValidationError):
            await look(ADMIN, limit=limit)
