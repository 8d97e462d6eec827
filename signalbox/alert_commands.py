"""The shape of ``signalbox alerts``."""

from typing import Annotated

import typer

from router_core.types import ALERT_KINDS
from signalbox.option_types import AsJson, DataDir

__all__ = ["alerts"]

Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many, at most.")]
ChannelId = Annotated[str, typer.Argument(metavar="ID", help="The channel's id.")]

alerts = typer.Typer(no_args_is_help=True, help="Alerts about money, and the channels that carry them to people.")
channels = typer.Typer(no_args_is_help=True, help="Where alerts go: list, add, remove, test.")
alerts.add_typer(channels, name="channels")


@alerts.command("list")
def list_alerts(limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the newest alerts and how their deliveries stand."""
    from signalbox.commands import alerts as command

    command.list_alerts(data_dir, limit, as_json=as_json)


@alerts.command("deliveries")
def list_deliveries(
    alert: Annotated[str | None, typer.Option(help="Only of the alert with this id.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only over the channel with this id.")] = None,
    limit: Limit = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the newest deliveries and what became of them."""
    from signalbox.commands import alerts as command

    command.list_deliveries(data_dir, alert, channel, limit, as_json=as_json)


@channels.command("list")
def list_channels(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the channels, each with its last delivery."""
    from signalbox.commands import alerts as command

    command.list_channels(data_dir, as_json=as_json)


@channels.command("add")
def add_channel(
    webhook: Annotated[str | None, typer.Option(help="URL that alerts are posted to.")] = None,
    email: Annotated[str | None, typer.Option(help="Address that alerts are mailed to.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help=f"What it carries: {', '.join(ALERT_KINDS)}. [default: everything]")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only what is about this account's budgets.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a channel; a webhook's secret is shown once."""
    from signalbox.commands import alerts as command

    targets = [("webhook", webhook), ("email", email)]
    command.add_channel(data_dir, targets, kind or (), account, as_json=as_json)


@channels.command("remove")
def remove_channel(channel_id: ChannelId, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove a channel; what waits to go over it fails."""
    from signalbox.commands import alerts as command

    command.remove_channel(data_dir, channel_id, as_json=as_json)


@channels.command("test")
def try_channel(channel_id: ChannelId, data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Send a test over a channel; exit 1 when it does not arrive."""
    from signalbox.commands import alerts as command

    return command.try_channel(data_dir, channel_id, as_json=as_json)
