"""The shape of ``signalbox prices``."""

from pathlib import Path
from typing import Annotated

import typer

from signalbox.option_types import AsJson, DataDir

__all__ = ["prices"]

Model = Annotated[str, typer.Argument(help="The model's name.")]
Provider = Annotated[str, typer.Option(help="Only for this provider, a row's name.")]
Account = Annotated[str | None, typer.Option(help="Only for this account, by name or id.")]
Starts = Annotated[str | None, typer.Option("--from", help="ISO 8601; from then on. [default: now]")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
Dollars = Annotated[str | None, typer.Option(help="Dollars for a million tokens.")]

prices = typer.Typer(no_args_is_help=True, help="Prices: list, history, set, withdraw, import, export, rerate.")


@prices.command("list")
def list_prices(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List what the configured providers cost, in dollars for a million tokens."""
    from signalbox.commands import prices as command

    command.list_prices(data_dir, as_json=as_json)


@prices.command("history")
def show_history(
    model: Annotated[str, typer.Argument(help="The model's name. [default: all prices that somebody set]")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of a model's price, the newest beginning first."""
    from signalbox.commands import prices as command

    command.show_history(model, data_dir, as_json=as_json)


@prices.command("set")
def set_price(  # noqa: PLR0913 - one for each option
    *,
    model: Model,
    input_rate: Annotated[str, typer.Option("--input", help="Dollars for a million tokens read.")],
    output_rate: Annotated[str, typer.Option("--output", help="Dollars for a million tokens written.")],
    cache_read: Dollars = None,
    cache_write: Dollars = None,
    cache_write_1h: Dollars = None,
    reasoning: Dollars = None,
    image: Dollars = None,
    batch_input: Dollars = None,
    batch_output: Dollars = None,
    provider: Provider = "",
    account: Account = None,
    starts: Starts = None,
    source: Annotated[str, typer.Option(help="Where the figures come from.")] = "",
    dry_run: DryRun = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set what a model costs: for everybody, one provider, one account, or one provider of one account."""
    from signalbox.commands import prices as command

    rates = {
        "input": input_rate, "output": output_rate, "cache_read": cache_read, "cache_write": cache_write,
        "cache_write_1h": cache_write_1h, "reasoning": reasoning, "image": image, "batch_input": batch_input,
        "batch_output": batch_output,
    }  # fmt: skip
    options = command.PriceOptions(
        model=model, provider=provider, account=account, starts=starts, source=source, dry_run=dry_run
    )
    command.set_price(options, rates, data_dir, as_json=as_json)


@prices.command("withdraw")
def withdraw_price(
    *,
    model: Model,
    provider: Provider = "",
    account: Account = None,
    starts: Starts = None,
    dry_run: DryRun = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let a price that was set end; the less special one, or the catalogue's, holds again."""
    from signalbox.commands import prices as command

    options = command.PriceOptions(model=model, provider=provider, account=account, starts=starts, dry_run=dry_run)
    command.set_price(options, {}, data_dir, as_json=as_json)


@prices.command("import")
def import_sheet(
    file: Annotated[Path, typer.Argument(help="CSV as `prices export` writes it.")],
    dry_run: DryRun = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set the prices of a sheet, all or none; those of a catalogue are left out."""
    from signalbox.commands import prices as command

    command.import_sheet(file, data_dir, dry_run=dry_run, as_json=as_json)


@prices.command("export")
def export_sheet(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File. [default: standard output]")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write the whole book as CSV: every version of every price."""
    from signalbox.commands import prices as command

    command.export_sheet(output, data_dir)


@prices.command("rerate")
def rerate(
    since: Annotated[str | None, typer.Option("--from", help="ISO 8601. [default: 30 days ago]")] = None,
    until: Annotated[str | None, typer.Option("--to", help="ISO 8601. [default: now]")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Report what requests of a period would have cost by the book as it is now; changes nothing."""
    from signalbox.commands import prices as command

    command.rerate(since, until, data_dir, as_json=as_json)
