"""The shape of ``signalbox keys``."""

from typing import Annotated

import typer

from router_core.types import KeyRole
from signalbox.option_types import AsJson, DataDir

__all__ = ["keys"]

KeyToChange = Annotated[str, typer.Argument(metavar="ID", help="The key's public id.")]

keys = typer.Typer(no_args_is_help=True, help="API keys: create, list, roll, revoke.")


@keys.command("create")
def create_key(  # noqa: PLR0913 - one for each option
    *,
    account: Annotated[str, typer.Option(help="Name of the account that pays.")],
    role: Annotated[KeyRole, typer.Option(help="service calls the router, admin does everything.")] = "service",
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    expires: Annotated[str | None, typer.Option(help="When it ends: a time or date, or from now, as 90d.")] = None,
    route: Annotated[list[str] | None, typer.Option(help="A path of the API that it may use. [default: all]")] = None,
    use_case: Annotated[list[str] | None, typer.Option(help="A use case that it may ask for. [default: all]")] = None,
    model: Annotated[list[str] | None, typer.Option(help="A model that may serve it. [default: all]")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key, shown once; paths, use cases and models may be named several times."""
    from signalbox.commands import keys as command

    wanted = command.WantedKey(
        account=account, role=role, name=name, expires=expires, routes=route or (), use_cases=use_case or (),
        models=model or (),
    )  # fmt: skip
    command.create_key(data_dir, wanted, as_json=as_json)


@keys.command("list")
def list_keys(
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List keys, never their secrets."""
    from signalbox.commands import keys as command

    command.list_keys(data_dir, account, as_json=as_json)


@keys.command("roll")
def roll_key(
    key_id: KeyToChange,
    grace: Annotated[str, typer.Option(help="How long the old one goes on: 30m, 24h, 7d, 0.")] = "24h",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a key in the place of another, shown once: same account, role, name, limits and length of life."""
    from signalbox.commands import keys as command

    command.roll_key(data_dir, key_id, grace, as_json=as_json)


@keys.command("revoke")
def revoke_key(key_id: KeyToChange, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """End a key; running servers notice within seconds."""
    from signalbox.commands import keys as command

    command.revoke_key(data_dir, key_id, as_json=as_json)
