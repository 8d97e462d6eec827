"""``signalbox breakers``: the circuit breakers of a running server."""

from typing import Literal

from rich.console import Console
from rich.table import Table

from router_core.admin.views import UpstreamView
from router_core.api.admin_breakers import BreakerList, BreakerOrder
from router_core.types import UpstreamState
from signalbox.commands.operator_client import ServerOptions, connected, segment
from signalbox.commands.output import print_json, print_line

__all__ = ["BreakerOrder", "act_on_breaker", "list_breakers"]


def list_breakers(options: ServerOptions) -> None:
    """Print every upstream with its breaker."""
    with connected(options) as client:
        found = client.get("breakers", BreakerList).upstreams
    if options.as_json:
        print_json(found)
    elif not found:
        print_line("none")
    else:
        Console().print(_table(found))
        for view in found:
            if view.state.breaker.forced is not None:
                print_line(f"{', '.join(view.providers) or view.state.id}: {_in_words(view.state)}")


def act_on_breaker(
    target: str, verb: Literal["reset", "open", "close"], order: BreakerOrder, options: ServerOptions
) -> None:
    """Reset a breaker, or hold it open or closed; ``target`` is a provider's name or an upstream's id."""
    with connected(options) as client:
        state = client.act("POST", f"breakers/{segment(target)}/{verb}", UpstreamState, order)
    if options.as_json:
        print_json(state)
    else:
        print_line(f"{state.id} is {_in_words(state)}")


def _in_words(state: UpstreamState) -> str:
    breaker, forced = state.breaker, state.breaker.forced
    if forced is None:
        wait = f" for {breaker.cooldown_remaining / 1000:,.0f} s" if breaker.cooldown_remaining else ""
        return f"{breaker.state}{wait}"
    until = "it is reset" if forced.until is None else f"{forced.until:%Y-%m-%d %H:%M:%S}Z"
    return f"{breaker.state}, forced by {forced.actor} until {until}: {forced.reason}"


def _phase(state: UpstreamState) -> str:
    return f"{state.breaker.state}, forced" if state.breaker.forced is not None else _in_words(state)


def _table(views: list[UpstreamView]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("providers", no_wrap=True)
    for heading in ("breaker", "failures", "resting", "in flight"):
        table.add_column(heading, overflow="fold")
    for view in views:
        state = view.state
        rest = f"{state.resting_ms / 1000:,.0f} s ({state.resting_reason})" if state.resting_ms else "-"
        table.add_row(
            "\n".join(view.providers) or state.id, _phase(state), str(state.breaker.failure_count), rest,
            f"{state.in_flight} of {state.limit}",
        )  # fmt: skip
    return table
