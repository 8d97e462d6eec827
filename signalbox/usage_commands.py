"""The shape of ``signalbox usage``."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["usage"]

usage = typer.Typer(no_args_is_help=True, help="What was used: reconcile.")


@usage.callback()
def _entry() -> None:
    """What was used: reconcile."""


@usage.command()
def reconcile(
    file: Annotated[Path, typer.Argument(help="A provider's usage export: CSV by day and model.")],
    tolerance: Annotated[str, typer.Option(metavar="PERCENT", help="How far figures may differ.")] = "1",
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Folder of the store. [default: SIGNALBOX_DATA_DIR or .signalbox]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")] = False,
) -> int:
    """Compare a provider's bill with the record, by UTC day and model: exit 1 when a drift exceeds the tolerance."""
    from signalbox.commands import usage as command

    return command.reconcile(data_dir, file, tolerance, as_json=as_json)
