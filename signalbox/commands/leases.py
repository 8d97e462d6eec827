"""``signalbox budgets leases``: money in the hands of processes, and of those that never come back."""

from pathlib import Path
from typing import Any

from router_core.admin.action_trail import ActionTrail
from router_core.admin.lease_desk import LeaseDesk, LeaseView
from router_core.budgets.refusals import dollars
from signalbox.commands.output import print_json, print_line
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows
from signalbox.treasury import store_leases

__all__ = ["list_leases", "write_off"]


def list_leases(data_dir: Path | None, *, as_json: bool) -> None:
    """Print what processes hold of budgets, those that ended longest ago first."""
    found = at_desk(data_dir, lambda desk: _facade(desk).list(COMMAND))
    if as_json:
        print_json(found)
    else:
        print_rows([_row(each) for each in found], as_json=False)


def write_off(data_dir: Path | None, lease_id: str, *, as_json: bool) -> None:
    """Give what a lease held back to its budget."""
    done = at_desk(data_dir, lambda desk: _facade(desk).write_off(lease_id, COMMAND))
    if as_json:
        print_json(done)
    else:
        print_line(f"{dollars(done.given_back)} of the lease {done.id} are back in their budget")


def _facade(desk: StoreDesk) -> LeaseDesk:
    trail = ActionTrail(desk.store.actions, desk.clock)
    return store_leases(desk.store, trail, desk.settings.request_timeout_s, desk.clock)


def _row(view: LeaseView) -> dict[str, Any]:
    lease = view.lease
    return {
        "id": lease.id, "budget": lease.budget, "period": lease.period, "writer": lease.writer,
        "held": dollars(lease.held), "ends": lease.ends_at,
        "overdue": "" if view.overdue_s is None else f"{view.overdue_s:,.0f} s",
        "write-off": "yes" if view.may_be_written_off else "",
    }  # fmt: skip
