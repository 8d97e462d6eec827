"""The shape of ``signalbox limits``."""

from typing import Annotated

import typer

from router_core.types import LimitScope
from signalbox.option_types import AccountName, AsJson, DataDir, KeyId, ProviderName, UseCaseName

__all__ = ["limits"]


limits = typer.Typer(no_args_is_help=True, help="Rate limits: set, list, drop, reset.")


def _targets(
    account: str | None, key: str | None, use_case: str | None, provider: str | None
) -> list[tuple[LimitScope, str]]:
    """Return what the options name."""
    named: dict[LimitScope, str | None] = {
        "account": account, "key": key, "use_case": use_case, "provider": provider,
    }  # fmt: skip
    return [(scope, name) for scope, name in named.items() if name is not None]


@limits.command("set")
def set_limit(  # noqa: PLR0913 - one for each option
    *,
    account: AccountName = None,
    key: KeyId = None,
    use_case: UseCaseName = None,
    provider: ProviderName = None,
    rps: Annotated[float | None, typer.Option(help="Requests a second.")] = None,
    burst: Annotated[int | None, typer.Option(help="Requests at once. [default: 5 seconds' worth]")] = None,
    tokens_per_minute: Annotated[int | None, typer.Option(help="Tokens read and written in a minute.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests under way.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set what one account, key, use case or provider may ask for; what is not given is no limit, or the default."""
    from signalbox.commands import limits as command

    order = command.LimitOrder(
        requests_per_second=rps, burst=burst, tokens_per_minute=tokens_per_minute, concurrency=concurrency
    )
    command.set_limit(data_dir, _targets(account, key, use_case, provider), order, as_json=as_json)


@limits.command("list")
def list_limits(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List all limits."""
    from signalbox.commands import limits as command

    command.list_limits(data_dir, as_json=as_json)


@limits.command("drop")
def drop_limit(
    account: AccountName = None,
    key: KeyId = None,
    use_case: UseCaseName = None,
    provider: ProviderName = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Remove a limit; an account goes back to the default."""
    from signalbox.commands import limits as command

    command.drop_limit(data_dir, _targets(account, key, use_case, provider), as_json=as_json)


@limits.command("reset")
def reset_limit(
    account: AccountName = None,
    key: KeyId = None,
    use_case: UseCaseName = None,
    provider: ProviderName = None,
    url: Annotated[str | None, typer.Option(help="Server. [default: SIGNALBOX_URL, else the demo's]")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Fill the buckets of one target in a running server; an account by its id or, where it is known here, its name."""
    from signalbox.commands import limits as command
    from signalbox.commands.operator_client import ServerOptions

    options = ServerOptions(url=url, data_dir=data_dir, as_json=as_json)
    command.reset_limit(_targets(account, key, use_case, provider), options)
