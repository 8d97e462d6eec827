"""The shape of ``signalbox providers``."""

from pathlib import Path
from typing import Annotated

import typer

from signalbox.option_types import AsJson, DataDir
from signalbox.provider_key_commands import provider_keys

__all__ = ["providers"]

Name = Annotated[str, typer.Argument(help="The provider's name.")]
Note = Annotated[str, typer.Option(help="Why, for the history.")]

providers = typer.Typer(
    no_args_is_help=True,
    help="The routing configuration: list, show, apply, export, history, diff, rollback, test, keys.",
)
providers.add_typer(provider_keys, name="keys")


@providers.command("list")
def list_providers(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List every provider, in the order in which equal candidates are tried."""
    from signalbox.commands import providers as command

    command.list_providers(data_dir, as_json=as_json)


@providers.command("show")
def show_provider(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show all fields of a provider, and where its key comes from; never the key."""
    from signalbox.commands import providers as command

    command.show_provider(name, data_dir, as_json=as_json)


@providers.command("apply")
def apply_file(
    file: Annotated[Path, typer.Argument(help="YAML as `providers export` writes it; - for standard input.")],
    base: Annotated[
        int | None, typer.Option(min=0, help="Revision that the file was made from. [default: the file's `revision`]")
    ] = None,
    note: Note = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is wrong and what would change.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Put a whole configuration in force, all or nothing: exit 2 for faults, 4 when somebody changed it meanwhile."""
    from signalbox.commands import providers as command

    return command.apply_file(file, data_dir, base=base, note=note, dry_run=dry_run, as_json=as_json)


@providers.command("export")
def export_file(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File. [default: standard output]")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write the configuration in force as YAML; keys are no part of it."""
    from signalbox.commands import providers as command

    command.export_file(output, data_dir, as_json=as_json)


@providers.command("history")
def show_history(
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 20,
    before: Annotated[int | None, typer.Option(min=0, help="Only older than this revision.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of the configuration, newest first."""
    from signalbox.commands import providers as command

    command.show_history(limit, before, data_dir, as_json=as_json)


@providers.command("diff")
def compare(
    old: Annotated[int, typer.Argument(min=1, help="Revision.")],
    new: Annotated[int | None, typer.Argument(min=1, help="Revision. [default: what is in force]")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed from one revision to another, field by field."""
    from signalbox.commands import providers as command

    command.compare(old, new, data_dir, as_json=as_json)


@providers.command("rollback")
def roll_back(
    revision: Annotated[int, typer.Argument(min=1, help="Revision to go back to.")],
    note: Note = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put the configuration of a revision in force again, as a new version; providers keep their keys."""
    from signalbox.commands import providers as command

    command.roll_back(revision, data_dir, note=note, as_json=as_json)


@providers.command("test")
def probe_provider(
    name: Name,
    url: Annotated[
        str | None, typer.Option(help="Server. [default: SIGNALBOX_URL, else the demo's, else this machine]")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Have a running server make the smallest call to a provider: exit 1 when it is not answered."""
    from signalbox.commands import providers as command
    from signalbox.commands.operator_client import ServerOptions

    return command.probe_provider(name, ServerOptions(url=url, data_dir=data_dir, as_json=as_json))
