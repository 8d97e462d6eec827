"""The shape of ``signalbox cache``, for a running server."""

from typing import Annotated

import typer

from signalbox.option_types import AsJson, DemoDir

__all__ = ["cache"]

Url = Annotated[str | None, typer.Option(help="Server. [default: SIGNALBOX_URL, else the demo's]")]

cache = typer.Typer(no_args_is_help=True, help="The cache of answers: stats, purge.")


@cache.command("stats")
def show_stats(url: Url = None, data_dir: DemoDir = None, as_json: AsJson = False) -> None:
    """Show how the cache of the answering process is doing."""
    from signalbox.commands import cache as command
    from signalbox.commands.operator_client import ServerOptions

    command.show_stats(ServerOptions(url=url, data_dir=data_dir, as_json=as_json))


@cache.command("purge")
def purge(
    *,
    account: Annotated[str | None, typer.Option(help="Id of an account.")] = None,
    use_case: Annotated[str | None, typer.Option(help="Name of a use case.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is kept.")] = False,
    url: Url = None,
    data_dir: DemoDir = None,
    as_json: AsJson = False,
) -> None:
    """Serve nothing more of what is kept until now, of an account, a use case, both together, or at all."""
    from signalbox.commands import cache as command
    from signalbox.commands.operator_client import ServerOptions

    options = ServerOptions(url=url, data_dir=data_dir, as_json=as_json)
    command.purge(account, use_case, options, everything=everything)
