"""The shape of ``signalbox providers keys``."""

from typing import Annotated

import typer

from signalbox.option_types import AsJson, DataDir

__all__ = ["provider_keys"]

Name = Annotated[str, typer.Argument(help="The provider's name.")]

provider_keys = typer.Typer(
    no_args_is_help=True, help="Stored keys of a provider: list, add, remove. Nothing ever shows a key."
)


@provider_keys.command("list")
def list_keys(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the stored keys of a provider, masked."""
    from signalbox.commands import provider_keys as command

    command.list_keys(name, data_dir, as_json=as_json)


@provider_keys.command("add")
def add_key(
    name: Name,
    given: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    label: Annotated[str, typer.Option(help="What people call it.")] = "",
    weight: Annotated[int, typer.Option(help="Its share of the calls, where there are several.")] = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Store the key that standard input gives, sealed, for the host that the provider leads to now."""
    from signalbox.commands import provider_keys as command

    command.add_key(name, given or [], data_dir, label=label, weight=weight, as_json=as_json)


@provider_keys.command("remove")
def remove_key(
    name: Name,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `list` shows it.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Forget a stored key for good, in every process within 2 s."""
    from signalbox.commands import provider_keys as command

    command.remove_key(name, key_id, data_dir, as_json=as_json)
