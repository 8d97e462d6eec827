"""``signalbox replay``: a recorded trace through a running server, with a progress bar and a closing table."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from router_core.clock import SystemClock
from router_core.types import Secret
from signalbox.commands.output import print_json
from signalbox.commands.server_access import server_access
from signalbox.faults import DependencyFault, UsageFault
from signalbox.settings import load_settings
from signalbox.workload.driver import TRACE_USE_CASES, ReplayDriver
from signalbox.workload.http_target import HttpTarget
from signalbox.workload.tally import Percentiles, Report
from signalbox.workload.trace import TraceRow, read_trace

__all__ = ["ReplayOptions", "run"]


class ReplayOptions(Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    trace: Path
    speed: float
    requests: int | None
    url: str | None
    concurrency: int
    as_json: bool
    data_dir: Path | None


def run(options: ReplayOptions) -> int:
    """Replay and print the summary; return 1 when requests failed that should not have."""
    settings = load_settings().in_folder(options.data_dir)
    url, key = server_access(settings, options.url)
    if options.speed <= 0:
        raise UsageFault("--speed must be greater than 0")
    rows = read_trace(options.trace, options.requests)
    report = asyncio.run(_replay(options, url, key, rows))
    if options.as_json:
        print_json(report)
    else:
        _print_report(report, options)
    if report.outcomes == {"UNREACHABLE": report.requests}:
        raise DependencyFault(f"no server answers at {url}")
    return 1 if report.failed else 0


async def _replay(options: ReplayOptions, url: str, key: Secret, rows: Sequence[TraceRow]) -> Report:
    clock = SystemClock()
    async with HttpTarget(url, key, clock, connections=options.concurrency) as target:
        driver = ReplayDriver(target, clock, speed=options.speed, concurrency=options.concurrency)
        with _progress(len(rows)) as on_done:
            return await driver.run(rows, on_done)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal's standard error, and nothing elsewhere."""
    console = Console(stderr=True)
    columns = TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal, refresh_per_second=5) as progress:
        task = progress.add_task("replay", total=total)
        yield lambda done: progress.update(task, completed=done)


def _print_report(report: Report, options: ReplayOptions) -> None:
    table = Table(title=f"{options.trace.name} at {options.speed:g}x", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("figure", justify="right")
    for what, figure in _lines(report):
        table.add_row(what, figure)
    console = Console()
    console.print(table)
    console.print(f"Use cases in turn: {', '.join(TRACE_USE_CASES)}; every second request streamed.", style="dim")


def _lines(report: Report) -> Iterator[tuple[str, str]]:
    yield "requests", f"{report.requests:,} in {report.seconds:,.1f} s"
    yield "succeeded", f"{report.succeeded:,}"
    yield "refused by policy", f"{report.refused:,}"
    yield "failed", f"{report.failed:,}"
    for code, count in report.outcomes.items():
        if code != "success":
            yield f"  {code}", f"{count:,}"
    for model, count in report.models.items():
        yield f"  by {model or 'an unnamed model'}", f"{count:,}"
    yield "latency p50 / p95 / p99", _milliseconds(report.latency_ms)
    yield "first token p50 / p95 / p99", _milliseconds(report.first_token_ms)
    yield "tokens in / out", f"{report.prompt_tokens:,} / {report.output_tokens:,}"
    if report.late_ms > 1000:
        yield "sending fell behind by", f"{report.late_ms / 1000:,.1f} s"


def _milliseconds(found: Percentiles) -> str:
    return f"{found.p50:,.0f} / {found.p95:,.0f} / {found.p99:,.0f} ms" if found.count else "-"
