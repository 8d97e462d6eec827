"""``signalbox usage reconcile``: a provider's bill against the store, beside a running server."""

from pathlib import Path
from typing import Any

from router_core.cost.bill import WrongBillError
from router_core.cost.bill_reading import MOST_BILL_BYTES
from router_core.cost.reconciliation import Drift, Reconciled, Reconciliation, parse_tolerance
from router_core.types import NanoUSD, format_usd
from signalbox.commands.output import print_json, print_line
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows
from signalbox.faults import UsageFault
from signalbox.money import command_bills

__all__ = ["reconcile"]

_NONE = "-"


def reconcile(data_dir: Path | None, file: Path, tolerance: str, *, as_json: bool) -> int:
    """Print how the bill in ``file`` compares; return 1 when a drift exceeds ``tolerance`` percent.

    Raises :class:`UsageFault` that names every wrong line of the file.
    """
    percent, data = parse_tolerance(tolerance), _read(file)

    async def work(desk: StoreDesk) -> Reconciliation:
        bills = await command_bills(desk.store, desk.clock)
        return await bills.reconcile(data, COMMAND, percent)

    try:
        found = at_desk(data_dir, work)
    except WrongBillError as error:
        raise UsageFault(
            "\n".join([f"{file.name} cannot be read:", *(f"  - {each}" for each in error.faults)])
        ) from None
    if as_json:
        print_json(found)
    else:
        _print(found)
    return 0 if found.within else 1


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_BILL_BYTES:
            raise UsageFault(f"{file.name} is larger than {MOST_BILL_BYTES} bytes")
        return file.read_bytes()
    except OSError as error:
        raise UsageFault(f"{file.name} cannot be read: {error.strerror}") from None


def _print(found: Reconciliation) -> None:
    print_rows([_row(each) for each in (*found.lines, found.totals)], as_json=False)
    print_line()
    if found.left_out:
        print_line(f"Not on this vendor's bill, so not compared: {', '.join(found.left_out)}.")
    word = "within" if found.within else "NOT within"
    print_line(f"{found.first_day} to {found.last_day} (UTC): {word} {found.tolerance} %.")


def _row(line: Reconciled) -> dict[str, Any]:
    ours, theirs = line.ours, line.theirs
    return {
        "day": "total" if line.day is None else line.day.isoformat(),
        "model": line.model or "",
        "our tokens": _NONE if ours is None else f"{ours.tokens:,}",
        "bill's": _NONE if theirs is None or theirs.tokens is None else f"{theirs.tokens:,}",
        "drift": _drift(line.tokens, money=False),
        "our cost": _NONE if ours is None else _cost(ours.cost),
        "bill's cost": _NONE if theirs is None or theirs.cost is None else _cost(theirs.cost),
        "cost drift": _drift(line.cost, money=True),
        "": ", ".join(_marks(line)),
    }


def _drift(drift: Drift, *, money: bool) -> str:
    if drift.amount is None:
        return _NONE
    amount = format_usd(drift.amount) if money else f"{drift.amount:,}"
    share = "" if drift.percent is None else f" ({drift.percent:+.2f} %)"
    return f"{amount}{share}"


def _cost(amount: NanoUSD | None) -> str:
    return "unpriced" if amount is None else format_usd(amount)


def _marks(line: Reconciled) -> list[str]:
    marks = [] if line.within else ["DRIFT"]
    if line.ours is None:
        marks.append("only on the bill")
    elif line.theirs is None:
        marks.append("only ours")
    if line.ours is not None:
        marks += [f"{line.ours.estimated} estimated"] if line.ours.estimated else []
        marks += [f"{line.ours.unpriced} unpriced"] if line.ours.unpriced else []
    if line.theirs is not None and line.theirs.batch:
        marks.append("batch")
    return marks
