"""``signalbox limits``: limits straight in the store, in force everywhere within 2 s; buckets in a running server."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from router_core.admin.action_trail import ActionTrail
from router_core.admin.limit_desk import LimitDesk, LimitOrder, LimitReset, LimitView
from router_core.api.admin_limits import LimitList
from router_core.rate_limiting.memory_limiter import MemoryLimiter
from router_core.types import Limit, LimitScope
from router_core.types.rate_limit import burst_of
from signalbox import administration
from signalbox.commands.operator_client import ServerOptions, connected, segment
from signalbox.commands.output import print_json, print_line
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows
from signalbox.faults import UsageFault
from signalbox.limiting import limit_desk

__all__ = ["LimitOrder", "drop_limit", "list_limits", "reset_limit", "set_limit"]

_PATHS: Final[dict[LimitScope, str]] = {
    "account": "", "key": "keys/", "use_case": "use-cases/", "provider": "providers/",
}  # fmt: skip


def set_limit(
    data_dir: Path | None, targets: Sequence[tuple[LimitScope, str]], order: LimitOrder, *, as_json: bool
) -> None:
    """Set what the one of ``targets`` may ask for; an account is named by its name."""

    async def work(desk: StoreDesk) -> Limit:
        scope, name = await _target(desk, targets)
        return (await _desk(desk).set_limit(scope, name, order, COMMAND)).limit

    _print([at_desk(data_dir, work)], as_json=as_json, single=True)


def drop_limit(data_dir: Path | None, targets: Sequence[tuple[LimitScope, str]], *, as_json: bool) -> None:
    """Remove the limit of the one of ``targets``; print what holds now."""

    async def work(desk: StoreDesk) -> Limit:
        scope, name = await _target(desk, targets)
        return (await _desk(desk).drop_limit(scope, name, COMMAND)).limit

    _print([at_desk(data_dir, work)], as_json=as_json, single=True)


def list_limits(data_dir: Path | None, *, as_json: bool) -> None:
    """Print every limit."""

    async def work(desk: StoreDesk) -> Sequence[LimitView]:
        return await _desk(desk).limits(COMMAND)

    _print([each.limit for each in at_desk(data_dir, work)], as_json=as_json)


def reset_limit(targets: Sequence[tuple[LimitScope, str]], options: ServerOptions) -> None:
    """Fill the buckets of the one of ``targets`` in a running server, and in every process on its store within 2 s."""
    scope, name = _only(targets)
    with connected(options) as client:
        if scope == "account":
            name = _account_id(client.get("limits", LimitList), name, options.data_dir)
        done = client.act("POST", f"limits/{_PATHS[scope]}{segment(name)}/reset", LimitReset)
    if options.as_json:
        print_json(done)
    else:
        print_line(f"the buckets of {done.scope.replace('_', ' ')} {done.target} are full, within 2 s in every process")


def _account_id(known: LimitList, name: str, data_dir: Path | None) -> str:
    """Return the id of an account that is named by its id, or else by its name in the store here."""
    if any((each.limit.scope, each.limit.target) == ("account", name) for each in known.limits):
        return name

    async def work(desk: StoreDesk) -> str:
        return (await administration.find_account(desk.store.accounts, name)).id

    return at_desk(data_dir, work)


async def _target(desk: StoreDesk, targets: Sequence[tuple[LimitScope, str]]) -> tuple[LimitScope, str]:
    scope, name = _only(targets)
    return scope, (await administration.find_account(desk.store.accounts, name)).id if scope == "account" else name


def _only(targets: Sequence[tuple[LimitScope, str]]) -> tuple[LimitScope, str]:
    if len(targets) != 1:
        raise UsageFault("say whose limit it is: one of --account, --key, --use-case, --provider")
    return targets[0]


def _desk(desk: StoreDesk) -> LimitDesk:
    trail = ActionTrail(desk.store.actions, desk.clock)
    return limit_desk(desk.store, MemoryLimiter(desk.clock), trail, desk.clock)


def _print(limits: Sequence[Limit], *, as_json: bool, single: bool = False) -> None:
    if as_json:
        print_json(limits[0] if single else limits)
    else:
        print_rows([_row(each) for each in limits], as_json=False)


def _row(limit: Limit) -> dict[str, Any]:
    rate = limit.requests_per_second
    return {
        "scope": limit.scope,
        "of": limit.target,
        "requests/s": "-" if rate is None else f"{rate:g}",
        "burst": "-" if rate is None else f"{burst_of(rate, limit.burst):,}",
        "tokens/min": "-" if limit.tokens_per_minute is None else f"{limit.tokens_per_minute:,}",
        "at once": "-" if limit.concurrency is None else f"{limit.concurrency:,}",
    }
