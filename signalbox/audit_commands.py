"""The shape of ``signalbox audit``."""

from pathlib import Path
from typing import Annotated

import typer

from signalbox.option_types import DataDir

__all__ = ["audit", "retention"]

audit = typer.Typer(no_args_is_help=True, help="The audit log: export, verify.")


retention = typer.Typer(no_args_is_help=True, help="How long the store keeps what piles up.")


@retention.command("run")
def run_retention(
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")] = False,
) -> None:
    """Remove what is too old, now; a running server does so every hour."""
    from signalbox.commands import retention as command

    command.run(data_dir, dry=dry, as_json=as_json)


@audit.command()
def verify(
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")] = False,
) -> int:
    """Check every hash chain, offline: exit 1 names the first bad row."""
    from signalbox.commands import audit as command

    return command.verify(data_dir, as_json=as_json)


@audit.command()
def export(  # noqa: PLR0913, PLR0917 - one parameter for each option
    form: Annotated[str, typer.Option("--format", help="csv, jsonl or parquet.")] = "csv",
    since: Annotated[str | None, typer.Option("--from", help="ISO time or date; UTC without a zone.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="ISO time or date; now by default.")] = None,
    account: Annotated[str | None, typer.Option(help="Account by name or id.")] = None,
    api_key: Annotated[str | None, typer.Option("--key", help="Key by its id.")] = None,
    user: Annotated[str | None, typer.Option(help="Person by e-mail address.")] = None,
    use_case: Annotated[str | None, typer.Option(help="Use case.")] = None,
    provider: Annotated[str | None, typer.Option(help="Provider row.")] = None,
    model: Annotated[str | None, typer.Option(help="Model.")] = None,
    status: Annotated[str | None, typer.Option(help="success, error, cancelled or unknown.")] = None,
    event: Annotated[str | None, typer.Option(help="llm.request, or the verb of an act.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File; standard output by default.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write out the audit log, oldest row first, as it is at this moment; everything unless filtered."""
    from signalbox.commands import audit_export as command

    filters = {
        "api_key": api_key,
        "user": user,
        "use_case": use_case,
        "provider": provider,
        "model": model,
        "status": status,
        "event": event,
    }
    command.run(command.ExportOptions(form, since, until, account, filters, output, data_dir))
