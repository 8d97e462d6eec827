"""``signalbox drills``: faults on purpose in a running server, and what users felt of them."""

import asyncio
import math

import msgspec

from router_core.api.admin_drills import DrillList
from router_core.clock import Clock, SystemClock
from router_core.types import Drill, DrillOrder, DrillReport
from signalbox.commands.operator_client import OperatorClient, ServerOptions, connected, in_options, segment
from signalbox.commands.output import print_json, print_line
from signalbox.exits import say
from signalbox.faults import CommandFault, UsageFault

__all__ = ["list_drills", "make_order", "start_drill", "stop_drill"]

_LOOK_EVERY_S = 0.5
_OPTIONS = {"percent": "--percent", "durationS": "--seconds", "delayS": "--delay", "reason": "--reason"}
# How long requests that were under way may take to finish, and so to be counted.
_LAST_REQUESTS_S = 2.0


def make_order(**fields: object) -> DrillOrder:
    """Return a drill's order. Raises :class:`UsageFault` for figures that make no sense."""
    try:
        return msgspec.convert(fields, DrillOrder)
    except msgspec.ValidationError as error:
        raise UsageFault(in_options(str(error), _OPTIONS)) from None


def start_drill(order: DrillOrder, options: ServerOptions, *, wait: bool) -> None:
    """Start a drill; with ``wait`` stay until it is over and print what users felt."""
    with connected(options) as client:
        drill = client.act("POST", "drills", Drill, order)
        if not wait:
            _print_started(drill, as_json=options.as_json)
            return
        say(f"{order.fault} on {order.provider} until {drill.ends_at:%H:%M:%S}Z; Ctrl-C stops it")
        try:
            report = asyncio.run(_follow(client, drill, SystemClock()))
        except KeyboardInterrupt:
            client.act("POST", f"drills/{segment(drill.id)}/stop", Drill)
            say(f"drill {drill.id} is stopped")
            raise
    if options.as_json:
        print_json(report)
    else:
        _print_felt(report)


def stop_drill(drill_id: str, options: ServerOptions) -> None:
    """Stop a drill; one that is over stays as it is."""
    with connected(options) as client:
        drill = client.act("POST", f"drills/{segment(drill_id)}/stop", Drill)
    if options.as_json:
        print_json(drill)
    else:
        print_line(f"drill {drill.id} on {drill.order.provider} is over, stopped by {drill.stopped_by}")


def list_drills(options: ServerOptions) -> None:
    """Print the drills: the running ones first, then the newest."""
    with connected(options) as client:
        found = client.get("drills", DrillList).drills
    if options.as_json:
        print_json(found)
    elif not found:
        print_line("none")
    else:
        for each in found:
            _print_line_of(each)


async def _follow(client: OperatorClient, drill: Drill, clock: Clock) -> DrillReport:
    """Look until the drill is over and the requests that it hit have had time to finish."""
    looks = math.ceil((drill.order.duration_s + _LAST_REQUESTS_S) / _LOOK_EVERY_S) * 2
    for _ in range(looks):
        if not (await asyncio.to_thread(_report, client, drill.id)).active:
            await clock.sleep(_LAST_REQUESTS_S)
            return await asyncio.to_thread(_report, client, drill.id)
        await clock.sleep(_LOOK_EVERY_S)
    raise CommandFault(f"drill {drill.id} has not ended in time")


def _report(client: OperatorClient, drill_id: str) -> DrillReport:
    for report in client.get("drills", DrillList).drills:
        if report.drill.id == drill_id:
            return report
    raise CommandFault(f"the server has forgotten drill {drill_id}; was it restarted?")


def _print_started(drill: Drill, *, as_json: bool) -> None:
    if as_json:
        print_json(drill)
    else:
        order = drill.order
        print_line(f"drill {drill.id}: {order.fault} for {order.percent:g} % of the calls to {order.provider}")
        print_line(f"ends by itself at {drill.ends_at:%H:%M:%S}Z; stop it with: signalbox drills stop {drill.id}")


def _print_felt(report: DrillReport) -> None:
    print_line(f"drill {report.drill.id} is over, ended by {report.drill.stopped_by}")
    print_line(f"{report.hit_calls:,} calls spoilt in {report.requests:,} requests:")
    print_line(f"  served all the same  {report.rescued:,}{_latency(report)}")
    print_line(f"  failed               {report.failed:,}{_codes(report)}")
    print_line(f"  left by the caller   {report.cancelled:,}")


def _latency(report: DrillReport) -> str:
    return "" if report.p50_ms is None else f", p50 {report.p50_ms:,.0f} ms, p95 {report.p95_ms or 0:,.0f} ms"


def _codes(report: DrillReport) -> str:
    codes = ", ".join(f"{code} {count:,}" for code, count in sorted(report.errors.items()))
    return f" ({codes})" if codes else ""


def _print_line_of(report: DrillReport) -> None:
    drill, order = report.drill, report.drill.order
    state = f"runs until {drill.ends_at:%H:%M:%S}Z" if report.active else f"over, ended by {drill.stopped_by}"
    print_line(f"{drill.id}  {order.fault} for {order.percent:g} % of {order.provider}, {state}")
    print_line(
        f"  {report.hit_calls:,} calls spoilt, {report.requests:,} requests: {report.rescued:,} served all the same,"
        f" {report.failed:,} failed{_codes(report)}, {report.cancelled:,} left by the caller"
    )
