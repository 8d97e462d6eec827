"""The facade of alerts: what was raised, the channels that carry it to people, and what became of each delivery."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from msgspec import structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.admin.alert_views import (
    AlertView,
    ChannelChange,
    ChannelOrder,
    ChannelSecret,
    ChannelTest,
    ChannelView,
    DeliveryView,
    NewChannel,
)
from router_core.alerts.signing import shown_secret
from router_core.alerts.wording import TEST_SENTENCE, sentence
from router_core.clock import Clock, new_ulid
from router_core.errors import NotFoundError, ValidationError
from router_core.ports import (
    AccountStore,
    AlertChannels,
    AlertOutbox,
    AlertReader,
    AlertSender,
    DeliveryFilter,
)
from router_core.ports.alerts import refuse_claimed
from router_core.ports.keeping import refuse
from router_core.security.permissions import allows, require
from router_core.types import (
    EVERY_ACCOUNT,
    AlertChannel,
    AlertDelivery,
    AlertKind,
    ChannelKind,
    Principal,
)

__all__ = ["AlertDesk", "AlertDeskParts"]

MOST_LISTED = 1_000
MOST_CHANNELS = 50
_NO_MAIL = "cannot be email: set SIGNALBOX_SMTP_URL and SIGNALBOX_SMTP_FROM first"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDeskParts:
    """What :class:`AlertDesk` works on. ``senders`` has no entry for a kind of channel that is not set up;
    ``secret_of`` gives the secret that a channel's messages are signed with, by its id.
    """

    reader: AlertReader
    channels: AlertChannels
    outbox: AlertOutbox
    senders: Mapping[ChannelKind, AlertSender]
    secret_of: Callable[[str], bytes]
    accounts: AccountStore
    trail: ActionTrail
    clock: Clock


class AlertDesk:
    """What people see and do about alerts. Raises :class:`ForbiddenError` when their role does not allow it.

    Owners and admins see everything, others what belongs to their accounts, without the tokens that a channel's URL
    may hold.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: AlertDeskParts) -> None:
        self._parts = parts

    def may_edit(self, person: Principal) -> bool:
        """Say whether ``person`` may do more than look."""
        return allows(person, "alerts.edit")

    async def kinds(self) -> tuple[ChannelKind, ...]:
        """Return the kinds of channels that this installation can use."""
        return tuple(self._parts.senders)

    # --- looking ---------------------------------------------------------------------------------------------------

    async def alerts(self, person: Principal, limit: int = 100) -> Sequence[AlertView]:
        """Return the newest alerts that ``person`` may see. Raises :class:`ValidationError` outside 1 to 1,000."""
        require(person, "alerts.read")
        _check_limit(limit)
        found = await self._parts.reader.newest(limit, _scope(person))
        tally, names = await self._parts.reader.tally([each.id for each in found]), await self._names()
        return [AlertView.of(each, sentence(each, names), tally.get(each.id, {})) for each in found]

    async def channels(self, person: Principal) -> Sequence[ChannelView]:
        """Return the channels that ``person`` may see, each with its last delivery."""
        require(person, "alerts.read")
        scope = _scope(person)
        views = []
        for each in await self._parts.channels.list():
            if scope is None or each.account_id in scope:
                last = await self._parts.outbox.newest(1, DeliveryFilter(channel_id=each.id))
                shown = each if self.may_edit(person) else structs.replace(each, target=_masked(each))
                views.append(ChannelView(channel=shown, last=last[0] if last else None))
        return views

    async def deliveries(
        self, person: Principal, *, alert_id: str | None = None, channel_id: str | None = None, limit: int = 100
    ) -> Sequence[DeliveryView]:
        """Return the newest deliveries, of one alert or over one channel where they are named."""
        require(person, "alerts.read")
        _check_limit(limit)
        wanted = DeliveryFilter(alerts=None if alert_id is None else (alert_id,), channel_id=channel_id)
        scope = _scope(person)
        if scope is not None:
            own = {each.id for each in await self._parts.reader.newest(MOST_LISTED, scope)}
            wanted = structs.replace(wanted, alerts=tuple(own if alert_id is None else own & {alert_id}))
        found = await self._parts.outbox.newest(limit, wanted)
        shown = [each for each in await self._parts.channels.list() if scope is None or each.account_id in scope]
        targets = {each.id: _masked(each) for each in shown}
        return [DeliveryView(delivery=each, target=targets.get(each.channel_id, "")) for each in found]

    # --- changing --------------------------------------------------------------------------------------------------

    async def make_channel(self, order: ChannelOrder, person: Principal) -> NewChannel:
        """Make a channel; a webhook's secret is in the answer. Raises :class:`ValidationError` that names the field."""
        require(person, "alerts.edit")
        parts, now = self._parts, self._parts.clock.utcnow()
        channel = AlertChannel(
            id=new_ulid(parts.clock).lower(), kind=order.kind, target=order.target.strip(),
            kinds=_kinds(order.kinds), account_id=order.account_id, created_at=now, updated_at=now,
        )  # fmt: skip
        await self._check(channel)
        if len(await parts.channels.list()) >= MOST_CHANNELS:
            raise ValidationError(f"there may be {MOST_CHANNELS} channels at most")
        await self._note(person, "alert_channel.made", channel, after=_told(channel))
        made = await parts.channels.put(channel)
        return NewChannel(channel=made, secret=self._secret(made))

    async def change_channel(self, channel_id: str, change: ChannelChange, person: Principal) -> AlertChannel:
        """Give a channel another receiver, other kinds or another account, or switch it on or off.

        Raises :class:`NotFoundError`, and :class:`ValidationError` that names the field.
        """
        require(person, "alerts.edit")
        old = await self._found(channel_id)
        changed = structs.replace(
            old, target=change.target.strip(), kinds=_kinds(change.kinds), account_id=change.account_id,
            active=change.active, version=change.version + 1, updated_at=self._parts.clock.utcnow(),
        )  # fmt: skip
        refuse(change.version != old.version, "version", "is not the newest one; read it again")
        if changed.active or changed.target != old.target:
            # What is only switched off may be a kind that this installation has no way to send any more.
            await self._check(changed)
        await self._note(person, "alert_channel.changed", changed, before=_told(old), after=_told(changed))
        return await self._parts.channels.put(changed)

    async def remove_channel(self, channel_id: str, person: Principal) -> None:
        """Remove a channel; what waits to go over it fails. Raises :class:`NotFoundError`."""
        require(person, "alerts.edit")
        old = await self._found(channel_id)
        await self._note(person, "alert_channel.removed", old, before=_told(old))
        await self._parts.channels.drop(channel_id)

    async def show_secret(self, channel_id: str, person: Principal) -> ChannelSecret:
        """Return the secret that a webhook's messages are signed with; that it was shown is on record.

        Raises :class:`NotFoundError`, and :class:`ValidationError` for a channel that signs nothing.
        """
        require(person, "alerts.edit")
        channel = await self._found(channel_id)
        secret = self._secret(channel)
        if secret is None:
            raise ValidationError("only webhooks have a secret")
        await self._note(person, "alert_channel.secret_shown", channel)
        return ChannelSecret(id=channel.id, secret=secret)

    async def test_channel(self, channel_id: str, person: Principal) -> ChannelTest:
        """Send a test over a channel, once, and return what came of it. Raises :class:`NotFoundError`."""
        require(person, "alerts.edit")
        channel = await self._found(channel_id)
        sender = self._sender(channel.kind)
        await self._note(person, "alert_channel.tested", channel)
        sent = await sender.send(channel, f"test_{new_ulid(self._parts.clock).lower()}", None, TEST_SENTENCE)
        return ChannelTest(delivered=sent.delivered, status=sent.status, error=sent.error)

    async def deliver_again(self, delivery_id: str, person: Principal) -> AlertDelivery:
        """Have a delivery made anew. Raises :class:`NotFoundError`, :class:`ValidationError` while it is under way."""
        require(person, "alerts.edit")
        parts = self._parts
        found = await parts.outbox.newest(1, DeliveryFilter(id=delivery_id))
        if not found:
            raise NotFoundError("There is no such delivery")
        refuse_claimed(found[0], parts.clock.utcnow())
        await parts.trail.require(act_of(person, "alert_delivery.again", delivery_id, parts.clock))
        return await parts.outbox.again(delivery_id)

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _found(self, channel_id: str) -> AlertChannel:
        found = next((each for each in await self._parts.channels.list() if each.id == channel_id), None)
        if found is None:
            raise NotFoundError("There is no such channel")
        return found

    async def _check(self, channel: AlertChannel) -> None:
        reason = self._sender(channel.kind).refusal(channel.target)
        refuse(reason is not None, "target", reason or "")
        if channel.account_id is not None:
            known = await self._parts.accounts.by_id(channel.account_id)
            refuse(known is None, "accountId", "names nothing that exists")

    def _sender(self, kind: ChannelKind) -> AlertSender:
        sender = self._parts.senders.get(kind)
        if sender is None:
            raise ValidationError(f"`kind` {_NO_MAIL}", field="kind")
        return sender

    def _secret(self, channel: AlertChannel) -> str | None:
        return shown_secret(self._parts.secret_of(channel.id)) if channel.kind == "webhook" else None

    async def _names(self) -> Mapping[str, str]:
        return {each.id: each.name for each in await self._parts.accounts.list()}

    async def _note(
        self,
        person: Principal,
        verb: str,
        channel: AlertChannel,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        await self._parts.trail.require(
            act_of(
                person, verb, channel.id, self._parts.clock, before=before, after=after, account_id=channel.account_id
            )
        )


def _scope(person: Principal) -> Sequence[str] | None:
    return None if person.role in EVERY_ACCOUNT else person.accounts


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MOST_LISTED:
        raise ValidationError(f"limit must be within 1 and {MOST_LISTED}", field="limit")


def _kinds(kinds: Sequence[AlertKind]) -> tuple[AlertKind, ...]:
    return tuple(dict.fromkeys(kinds))


def _masked(channel: AlertChannel) -> str:
    """Return where a channel leads, without the tokens that its URL may hold."""
    if channel.kind == "email":
        return channel.target
    parts = urlsplit(channel.target)
    return f"{parts.scheme}://{parts.netloc}/…"


def _told(channel: AlertChannel) -> dict[str, Any]:
    return {
        "kind": channel.kind, "target": _masked(channel), "kinds": ", ".join(channel.kinds) or "all",
        "account": channel.account_id, "active": channel.active,
    }  # fmt: skip
