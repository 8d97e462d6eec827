"""``/api/admin/prices``: what calls cost, the way to change it, and what the past would have cost."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from router_core.admin.price_desk import PriceChanges, PriceLine, RatedRow
from router_core.api.call import Call
from router_core.api.documents import read_document, read_query
from router_core.cost.price_sheet import PriceOrder, moment_of
from router_core.cost.rerating import RatedSum
from router_core.errors import ValidationError
from router_core.types import Price

__all__ = [
    "PriceChange",
    "PriceHistory",
    "PriceList",
    "PriceOrders",
    "ReratingAnswer",
    "SheetOrder",
    "export_prices",
    "import_prices",
    "list_prices",
    "list_versions",
    "rerate_requests",
    "set_prices",
]

MOST_SHEET_BYTES: Final = 2 * 1024 * 1024
DEFAULT_SPAN: Final = timedelta(days=30)
_CSV: Final = b"text/csv; charset=utf-8"


class PriceList(Struct, frozen=True):
    """What each configured provider costs, nano-dollars for a million tokens; those without a price first."""

    prices: list[PriceLine]


class PriceHistory(Struct, frozen=True):
    """Versions of prices, the newest beginning first."""

    versions: list[Price]


class PriceOrders(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Prices to be set, all or none; with ``dryRun`` nothing is changed."""

    prices: tuple[PriceOrder, ...]
    dry_run: bool = False


class SheetOrder(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A sheet to be imported, as CSV; with ``dryRun`` nothing is changed."""

    csv: str
    dry_run: bool = False


class PriceChange(Struct, frozen=True, rename="camel"):
    """What was added, or would be; every process follows within 2 s. ``unchanged`` prices were so before."""

    added: list[Price]
    unchanged: int
    dry_run: bool


class ReratingAnswer(Struct, frozen=True):
    """Requests of a period at the prices of their time as they are known now, in nano-dollars."""

    since: datetime
    until: datetime
    rows: list[RatedRow]
    total: RatedSum


async def list_prices(call: Call) -> None:
    """Answer with what each configured provider costs."""
    read_query(call, {})
    await call.answer(PriceList(list(await call.deps.money.prices.prices(call.principal))))


async def list_versions(call: Call) -> None:
    """Answer with the versions of ``?model=``, or all that somebody set."""
    model = read_query(call, {"model": ""})["model"]
    await call.answer(PriceHistory(list(await call.deps.money.prices.history(call.principal, model))))


async def set_prices(call: Call) -> None:
    """Set prices, or withdraw those that were set."""
    orders: PriceOrders = await read_document(call, PriceOrders, MOST_SHEET_BYTES)
    changes = await call.deps.money.prices.set_prices(orders.prices, call.principal, dry_run=orders.dry_run)
    await call.answer(_changed(changes, dry_run=orders.dry_run))


async def import_prices(call: Call) -> None:
    """Set the prices of a sheet."""
    order: SheetOrder = await read_document(call, SheetOrder, MOST_SHEET_BYTES)
    changes = await call.deps.money.prices.import_sheet(order.csv, call.principal, dry_run=order.dry_run)
    await call.answer(_changed(changes, dry_run=order.dry_run))


async def export_prices(call: Call) -> None:
    """Answer with the whole book as CSV."""
    read_query(call, {})
    body = (await call.deps.money.prices.sheet(call.principal)).encode()
    head = (b"content-disposition", b'attachment; filename="prices.csv"')
    await call.start(200, ((b"content-type", _CSV), (b"content-length", b"%d" % len(body)), head))
    await call.write(body, last=True)


async def rerate_requests(call: Call) -> None:
    """Answer with what the last 30 days, or ``?from=&to=``, would have cost."""
    values = read_query(call, {"from": "", "to": ""})
    until = _moment(values["to"], "to") or call.deps.clock.utcnow() + timedelta(minutes=1)
    since = _moment(values["from"], "from") or until - DEFAULT_SPAN
    report = await call.deps.money.prices.rerate(call.principal, since, until)
    await call.answer(ReratingAnswer(report.since, report.until, list(report.rows), report.total))


def _moment(text: str, name: str) -> datetime | None:
    if not text:
        return None
    found = moment_of(text)
    if found is None:
        raise ValidationError(f"{name} must be a date or time in ISO 8601", field=name)
    return found


def _changed(changes: PriceChanges, *, dry_run: bool) -> PriceChange:
    return PriceChange(list(changes.added), changes.unchanged, dry_run)
