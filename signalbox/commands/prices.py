"""``signalbox prices``: what calls cost, straight in the store; every running process follows within 2 s."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from router_core.admin.price_desk import PriceChanges, PriceDesk, ReratingReport
from router_core.budgets.refusals import dollars
from router_core.cost.price_sheet import PriceOrder, TierOrder
from router_core.types import Price
from signalbox.commands.given import given_account, given_moment
from signalbox.commands.output import print_json, print_line
from signalbox.commands.output_file import output_file
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows
from signalbox.faults import UsageFault
from signalbox.money import command_prices

__all__ = ["PriceOptions", "export_sheet", "import_sheet", "list_prices", "rerate", "set_price", "show_history"]

T = TypeVar("T")
LONGEST_SHEET = 2 * 1024 * 1024
DEFAULT_SPAN = timedelta(days=30)
_SHOWN = ("input", "output", "cache_read", "cache_write", "cache_write_1h")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOptions:
    """Of what, and for whom, a price is set."""

    model: str
    provider: str
    account: str | None
    starts: str | None
    source: str = ""
    dry_run: bool = False


def list_prices(data_dir: Path | None, *, as_json: bool) -> None:
    """Print what every configured provider costs, in dollars for a million tokens."""
    lines = _at_prices(data_dir, lambda _, prices: prices.prices(COMMAND))
    if as_json:
        print_json(lines)
        return
    rows = []
    for line in lines:
        price = line.price
        amounts = {name: "-" if price is None else dollars(getattr(price.rates(), name)) for name in _SHOWN}
        source = "unpriced" if price is None else price.source
        rows.append({"model": line.model, "provider": line.provider, **amounts, "source": source})
    print_rows(rows, as_json=False)


def show_history(model: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Print versions of prices."""
    versions = _at_prices(data_dir, lambda _, prices: prices.history(COMMAND, model))
    if as_json:
        print_json(versions)
    else:
        print_rows([_version_row(each) for each in versions], as_json=False)


def set_price(options: PriceOptions, rates: Mapping[str, str | None], data_dir: Path | None, *, as_json: bool) -> None:
    """Set a price, or withdraw it without ``rates``."""

    async def work(desk: StoreDesk, prices: PriceDesk) -> PriceChanges:
        account = "" if options.account is None else await given_account(desk.store, options.account)
        given = {name: text for name, text in rates.items() if text is not None}
        order = PriceOrder(
            model=options.model, provider=options.provider, account_id=account, starts=options.starts,
            source=options.source, tiers=(TierOrder(above=0, **given),) if given else (),
        )  # fmt: skip
        return await prices.set_prices([order], COMMAND, dry_run=options.dry_run)

    _print_changes(_at_prices(data_dir, work), dry_run=options.dry_run, as_json=as_json)


def import_sheet(file: Path, data_dir: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Set the prices of a sheet. Raises :class:`UsageFault` for a file that is none."""
    try:
        if file.stat().st_size > LONGEST_SHEET:
            raise UsageFault(f"{file} is larger than {LONGEST_SHEET // 1024**2} MiB")
        text = file.read_text("utf-8")
    except OSError as error:
        raise UsageFault(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageFault(f"{file} is not UTF-8") from None
    changes = _at_prices(data_dir, lambda _, prices: prices.import_sheet(text, COMMAND, dry_run=dry_run))
    _print_changes(changes, dry_run=dry_run, as_json=as_json)


def export_sheet(output: Path | None, data_dir: Path | None) -> None:
    """Write the whole book as CSV."""
    sheet = _at_prices(data_dir, lambda _, prices: prices.sheet(COMMAND))
    with output_file(output) as file:
        file.write(sheet.encode())


def rerate(since: str | None, until: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Print what a period would have cost by the book as it is now."""

    async def work(desk: StoreDesk, prices: PriceDesk) -> ReratingReport:
        end = given_moment("--to", until) or desk.clock.utcnow() + timedelta(minutes=1)
        return await prices.rerate(COMMAND, given_moment("--from", since) or end - DEFAULT_SPAN, end)

    report = _at_prices(data_dir, work)
    if as_json:
        print_json(report)
        return
    print_rows(
        [_rated_row(each.group.account_id, each.group.provider, each.group.model, each.sums) for each in report.rows],
        as_json=False,
    )
    print_line(f"charged {dollars(report.total.charged)}, by the book {dollars(report.total.rated)}")
    if report.total.unrated:
        lost = dollars(report.total.unrated_charged)
        print_line(f"{report.total.unrated:,} requests cannot be rated; they were charged {lost}")


def _at_prices(data_dir: Path | None, work: Callable[[StoreDesk, PriceDesk], Awaitable[T]]) -> T:
    async def run(desk: StoreDesk) -> T:
        return await work(desk, await command_prices(desk.store, desk.clock))

    return at_desk(data_dir, run)


def _version_row(price: Price) -> dict[str, Any]:
    """Return a version as a row of a table that fits a terminal; ``--json`` tells everything."""
    rates = {name: dollars(getattr(price.rates(), name)) if price.tiers else "-" for name in ("input", "output")}
    whom = " of ".join(each for each in (price.provider, price.account_id) if each)
    return {
        "from": f"{price.starts:%Y-%m-%d %H:%M}", "model": price.model, "for": whom or "all", **rates,
        "source": price.source if price.tiers else "withdrawn",
    }  # fmt: skip


def _print_changes(changes: PriceChanges, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"added": changes.added, "unchanged": changes.unchanged, "dryRun": dry_run})
        return
    print_rows([_version_row(each) for each in changes.added], as_json=False)
    told = "would be set" if dry_run else "set"
    print_line(f"{len(changes.added)} {told}, {changes.unchanged} unchanged")


def _rated_row(account: str, provider: str, model: str, sums: Any) -> dict[str, Any]:
    return {
        "account": account or "none", "provider": provider, "model": model, "requests": sums.requests,
        "charged": dollars(sums.charged), "by the book": dollars(sums.rated),
        "difference": dollars(sums.rated - sums.charged), "unrated": sums.unrated,
    }  # fmt: skip
