"""Options that several commands take, declared once."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AccountName", "AsJson", "DataDir", "DemoDir", "KeyId", "ProviderName", "UseCaseName"]

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the store. [default: SIGNALBOX_DATA_DIR or .signalbox]"),
]
DemoDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the demo to talk to. [default: SIGNALBOX_DATA_DIR or .signalbox]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]
AccountName = Annotated[str | None, typer.Option("--account", help="Name of the account.")]
KeyId = Annotated[str | None, typer.Option("--key", help="Id of an API key.")]
UseCaseName = Annotated[str | None, typer.Option("--use-case", help="Name of a use case.")]
ProviderName = Annotated[str | None, typer.Option("--provider", help="Name of a provider.")]
