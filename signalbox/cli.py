"""The command line. Only its shape lives here: a command's module is imported when the command runs."""

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from signalbox.exits import guard

__all__ = ["main"]

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the store. [default: SIGNALBOX_DATA_DIR or .signalbox]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]

app = typer.Typer(
    name="signalbox",
    help="An LLM router with an operator console: routing, resilience and cost control on one port.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command that the process was started with."""
    sys.exit(guard(lambda: app(standalone_mode=False)))


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"signalbox {metadata.version('signalbox')}\n")
        raise typer.Exit


@app.callback()
def _entry(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """An LLM router with an operator console: routing, resilience and cost control on one port."""


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def simulate(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 9100,
    data_dir: DataDir = None,  # noqa: ARG001 - every command takes it; the simulator keeps nothing
) -> None:
    """Run the simulated OpenAI and Anthropic servers alone; further options are the simulator's own."""
    from signalbox.commands import simulate as command

    command.run(port, context.args)


@app.command()
def check(data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Say whether the router could start, and with what: exit 2 when it could not, 1 for a warning."""
    from signalbox.commands import check as command

    return command.run(data_dir, as_json=as_json)
