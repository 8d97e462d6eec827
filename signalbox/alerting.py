"""Puts alerts together: the ways out, the courier in the background, and the facade."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from router_core.admin.action_trail import ActionTrail
from router_core.admin.alerting import AlertDesk, AlertDeskParts
from router_core.admin.own_acts import channel_gone_act
from router_core.alerts.delivery import AlertCourier
from router_core.alerts.mail import MailSender
from router_core.alerts.webhook import WebhookSender
from router_core.clock import Clock
from router_core.egress.fence import Fence
from router_core.ports import AlertSender
from router_core.security.vault.master import RootSecret
from router_core.types import ChannelKind
from signalbox.mail_settings import mail_server
from signalbox.settings import Settings
from signalbox.store import Store
from signalbox.tasks import Followers

__all__ = ["AlertRoom"]


class AlertRoom:
    """Everything about alerts in one process; it belongs to one event loop."""

    def __init__(self, settings: Settings, store: Store, root: RootSecret, trail: ActionTrail, clock: Clock) -> None:
        def secret_of(channel_id: str) -> bytes:
            return root.derive(f"alert webhook {channel_id}")

        self._store = store
        self._webhooks = WebhookSender(Fence(settings.allowed_webhooks), secret_of, clock)
        senders: dict[ChannelKind, AlertSender] = {"webhook": self._webhooks}
        if settings.smtp_url is not None and settings.smtp_from is not None:
            senders["email"] = MailSender(mail_server(settings.smtp_url, settings.smtp_from), clock)
        self.courier = AlertCourier(
            store.outbox, store.alert_channels, senders, self._names, clock,
            on_gone=lambda channel: trail.note(channel_gone_act(channel, clock)),
        )  # fmt: skip
        self.desk = AlertDesk(
            AlertDeskParts(
                reader=store.alerts,
                channels=store.alert_channels,
                outbox=store.outbox,
                senders=senders,
                secret_of=secret_of,
                accounts=store.accounts,
                trail=trail,
                clock=clock,
            )
        )

    def start(self, stack: AsyncExitStack, followers: Followers) -> None:
        """Begin to deliver; ``stack`` ends it."""
        stack.push_async_callback(self.close)
        followers.keep(stack, self.courier.monitor, self.courier.run)

    async def close(self) -> None:
        """Close what connections there are."""
        await self._webhooks.close()

    async def _names(self) -> Mapping[str, str]:
        return {each.id: each.name for each in await self._store.accounts.list()}
