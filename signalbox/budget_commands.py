"""The shape of ``signalbox budgets``, with ``topups`` and ``leases`` below it."""

from typing import Annotated

import typer

from router_core.types import BudgetMode, BudgetPeriod, BudgetScope
from signalbox.option_types import AccountName, AsJson, DataDir, KeyId, ProviderName, UseCaseName

__all__ = ["budgets"]

Installation = Annotated[bool, typer.Option("--installation", help="Everything together.")]
TopUpId = Annotated[str, typer.Argument(metavar="ID", help="The top-up's id.")]
Until = Annotated[str | None, typer.Option(help="ISO time or date; UTC without a zone.")]

budgets = typer.Typer(no_args_is_help=True, help="Budgets: set, list, drop, topups, leases.")
topups = typer.Typer(no_args_is_help=True, help="More money for a while: list, ask, approve, deny, end.")
leases = typer.Typer(no_args_is_help=True, help="Money in the hands of processes: list, write-off.")


def _targets_of(
    account: str | None, key: str | None, use_case: str | None, provider: str | None, *, installation: bool
) -> list[tuple[BudgetScope, str]]:
    """Return what the options name."""
    named: dict[BudgetScope, str | None] = {
        "account": account, "key": key, "use_case": use_case, "provider": provider,
    }  # fmt: skip
    found = [(scope, name) for scope, name in named.items() if name is not None]
    return [*found, ("installation", "")] if installation else found


@budgets.command("set")
def set_budgets(  # noqa: PLR0913, PLR0917 - one argument for each option
    account: AccountName = None,
    key: KeyId = None,
    use_case: UseCaseName = None,
    provider: ProviderName = None,
    installation: Installation = False,
    daily: Annotated[str | None, typer.Option(help="Dollars a day, or none.")] = None,
    monthly: Annotated[str | None, typer.Option(help="Dollars a month, or none.")] = None,
    mode: Annotated[BudgetMode, typer.Option(help="Refuse, only warn, or let a cheaper model serve.")] = "hard",
    threshold: Annotated[
        list[int] | None, typer.Option(help="Percent at which to alert; may be repeated. [default: as before]")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set what one account, key, use case, provider or the installation may spend."""
    from signalbox.commands import budgets as command

    targets = _targets_of(account, key, use_case, provider, installation=installation)
    limits: list[tuple[BudgetPeriod, str | None]] = [("daily", daily), ("monthly", monthly)]
    command.set_budgets(data_dir, targets, limits, mode, threshold or (), as_json=as_json)


@budgets.command("list")
def list_budgets(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List all budgets and how they stand."""
    from signalbox.commands import budgets as command

    command.list_budgets(data_dir, as_json=as_json)


@budgets.command("drop")
def drop_budgets(  # noqa: PLR0913, PLR0917 - one argument for each option
    account: AccountName = None,
    key: KeyId = None,
    use_case: UseCaseName = None,
    provider: ProviderName = None,
    installation: Installation = False,
    daily: Annotated[bool, typer.Option("--daily", help="The limit of the day.")] = False,
    monthly: Annotated[bool, typer.Option("--monthly", help="The limit of the month.")] = False,
    mode: Annotated[BudgetMode | None, typer.Option(help="Only the limit of this mode. [default: all]")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Remove limits; an account goes back to the default."""
    from signalbox.commands import budgets as command

    targets = _targets_of(account, key, use_case, provider, installation=installation)
    named: list[tuple[BudgetPeriod, bool]] = [("daily", daily), ("monthly", monthly)]
    command.drop_budgets(data_dir, targets, [period for period, wanted in named if wanted], mode, as_json=as_json)


@topups.command("list")
def list_topups(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List requests and what became of them: those that wait first, then those that run."""
    from signalbox.commands import topups as command

    command.list_topups(data_dir, as_json=as_json)


@topups.command("ask")
def ask_topup(  # noqa: PLR0913 - one for each option
    *,
    reason: Annotated[str, typer.Option(help="Why, for who decides.")],
    account: AccountName = None,
    key: KeyId = None,
    use_case: UseCaseName = None,
    provider: ProviderName = None,
    installation: Installation = False,
    daily: Annotated[str | None, typer.Option(help="Dollars on top of the day's limit.")] = None,
    monthly: Annotated[str | None, typer.Option(help="Dollars on top of the month's limit.")] = None,
    until: Until = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Ask for more money, until the running day or month ends, or until another time."""
    from signalbox.commands import topups as command

    targets = _targets_of(account, key, use_case, provider, installation=installation)
    amounts: list[tuple[BudgetPeriod, str | None]] = [("daily", daily), ("monthly", monthly)]
    command.ask_topup(data_dir, targets, amounts, reason, until, as_json=as_json)


@topups.command("approve")
def approve_topup(
    topup_id: TopUpId,
    amount: Annotated[str | None, typer.Option(help="Dollars. [default: what was asked for]")] = None,
    until: Until = None,
    note: Annotated[str, typer.Option(help="For the record.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Let a request run; in force everywhere within 2 s."""
    from signalbox.commands import topups as command

    command.approve_topup(data_dir, topup_id, command.approval(amount, until, note), as_json=as_json)


@topups.command("deny")
def deny_topup(
    topup_id: TopUpId,
    note: Annotated[str, typer.Option(help="Why.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Turn a request down."""
    from signalbox.commands import topups as command

    command.deny_topup(data_dir, topup_id, note, as_json=as_json)


@topups.command("end")
def end_topup(topup_id: TopUpId, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """End a top-up before its time."""
    from signalbox.commands import topups as command

    command.end_topup(data_dir, topup_id, as_json=as_json)


@leases.command("list")
def list_leases(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List what processes hold of budgets, those that ended longest ago first."""
    from signalbox.commands import leases as command

    command.list_leases(data_dir, as_json=as_json)


@leases.command("write-off")
def write_off_lease(
    lease_id: Annotated[str, typer.Argument(metavar="ID", help="The lease's id.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give what a process that never comes back held to its budget."""
    from signalbox.commands import leases as command

    command.write_off(data_dir, lease_id, as_json=as_json)


budgets.add_typer(topups, name="topups")
budgets.add_typer(leases, name="leases")
