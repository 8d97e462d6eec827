"""``signalbox alerts``: what was raised, and the channels that carry it, straight in the store."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from router_core.admin.action_trail import ActionTrail
from router_core.admin.alert_views import ChannelOrder, NewChannel
from router_core.admin.alerting import AlertDesk
from router_core.types import ALERT_KINDS, ChannelKind
from signalbox import administration
from signalbox.alerting import AlertRoom
from signalbox.commands.output import print_json, print_line
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows
from signalbox.faults import UsageFault

__all__ = ["add_channel", "list_alerts", "list_channels", "list_deliveries", "remove_channel", "try_channel"]

T = TypeVar("T")


def list_alerts(data_dir: Path | None, limit: int, *, as_json: bool) -> None:
    """Print the newest alerts."""
    found = _at_alerts(data_dir, lambda alerts, _: alerts.alerts(COMMAND, limit))
    if as_json:
        print_json(found)
        return
    rows: list[dict[str, Any]] = [
        {
            "when": each.at, "kind": each.kind, "alert": each.sentence,
            "deliveries": ", ".join(f"{number} {state}" for state, number in sorted(each.deliveries.items())) or "none",
            "id": each.id,
        }
        for each in found
    ]  # fmt: skip
    print_rows(rows, as_json=False)


def list_deliveries(
    data_dir: Path | None, alert_id: str | None, channel_id: str | None, limit: int, *, as_json: bool
) -> None:
    """Print the newest deliveries."""
    found = _at_alerts(
        data_dir,
        lambda alerts, _: alerts.deliveries(COMMAND, alert_id=alert_id, channel_id=channel_id, limit=limit),
    )
    if as_json:
        print_json(found)
        return
    rows = [
        {
            "when": each.delivery.created_at, "to": each.target or "a removed channel", "state": each.delivery.state,
            "attempts": each.delivery.attempts, "answer": each.delivery.last_status, "error": each.delivery.last_error,
            "id": each.delivery.id,
        }
        for each in found
    ]  # fmt: skip
    print_rows(rows, as_json=False)


def list_channels(data_dir: Path | None, *, as_json: bool) -> None:
    """Print the channels."""
    found = _at_alerts(data_dir, lambda alerts, _: alerts.channels(COMMAND))
    if as_json:
        print_json(found)
        return
    rows = [
        {
            "id": each.channel.id, "kind": each.channel.kind, "to": each.channel.target,
            "carries": ", ".join(each.channel.kinds) or "all", "account": each.channel.account_id,
            "active": each.channel.active, "last": "never" if each.last is None else each.last.state,
        }
        for each in found
    ]  # fmt: skip
    print_rows(rows, as_json=False)


def add_channel(
    data_dir: Path | None,
    targets: Sequence[tuple[str, str | None]],
    kinds: Sequence[str],
    account: str | None,
    *,
    as_json: bool,
) -> None:
    """Make the one channel that ``targets`` name, and print the secret of a webhook."""
    named = [(cast("ChannelKind", kind), target) for kind, target in targets if target is not None]
    if len(named) != 1:
        raise UsageFault("say where alerts go: one of --webhook URL and --email ADDRESS")
    unknown = sorted(set(kinds) - set(ALERT_KINDS))
    if unknown:
        raise UsageFault(f"--kind must be one of {', '.join(ALERT_KINDS)}")
    wanted = tuple(each for each in ALERT_KINDS if each in kinds)

    async def work(alerts: AlertDesk, desk: StoreDesk) -> NewChannel:
        ((kind, target),) = named
        owner = None if account is None else (await administration.find_account(desk.store.accounts, account)).id
        return await alerts.make_channel(
            ChannelOrder(kind=kind, target=target, kinds=wanted, account_id=owner), COMMAND
        )

    made = _at_alerts(data_dir, work)
    if as_json:
        print_json(made)
        return
    print_line(f"channel {made.channel.id} is made")
    if made.secret is not None:
        print_line(f"its messages are signed with {made.secret}")


def remove_channel(data_dir: Path | None, channel_id: str, *, as_json: bool) -> None:
    """Remove a channel."""
    _at_alerts(data_dir, lambda alerts, _: alerts.remove_channel(channel_id, COMMAND))
    if as_json:
        print_json({"id": channel_id})
    else:
        print_line(f"channel {channel_id} is removed")


def try_channel(data_dir: Path | None, channel_id: str, *, as_json: bool) -> int:
    """Send a test; return 0 when it arrived."""
    outcome = _at_alerts(data_dir, lambda alerts, _: alerts.test_channel(channel_id, COMMAND))
    if as_json:
        print_json(outcome)
    else:
        print_line("delivered" if outcome.delivered else f"not delivered: {outcome.error}")
    return int(not outcome.delivered)


def _at_alerts(data_dir: Path | None, work: Callable[[AlertDesk, StoreDesk], Awaitable[T]]) -> T:
    async def run(desk: StoreDesk) -> T:
        trail = ActionTrail(desk.store.actions, desk.clock)
        room = AlertRoom(desk.settings, desk.store, desk.unlocked.root, trail, desk.clock)
        try:
            return await work(room.desk, desk)
        finally:
            await room.close()

    return at_desk(data_dir, run)
