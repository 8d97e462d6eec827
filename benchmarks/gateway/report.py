"""A run as a Markdown table that can be pasted into a document."""

from collections.abc import Callable, Sequence

from benchmarks.gateway.figures import MARK, Gateway, Report, Round, passes, ratios, spread

__all__ = ["markdown"]

_ROWS: tuple[tuple[str, Callable[[Round], float], str], ...] = (
    ("CPU per request, 16 connections (µs)", lambda one: one.json_cpu_us, ",.0f"),
    ("CPU per 50-chunk stream, 16 connections (µs)", lambda one: one.stream_cpu_us, ",.0f"),
    ("CPU per chunk: (stream - request) / 50 (µs)", lambda one: one.chunk_cpu_us, ",.1f"),
    ("CPU per chunk: stream / 50 (µs)", lambda one: one.stream_share_us, ",.1f"),
    ("requests/s, 16 connections", lambda one: one.requests_per_s, ",.0f"),
    ("added p50, 1 connection (ms)", lambda one: one.added_p50_ms, ",.2f"),
    ("added p99, 1 connection (ms)", lambda one: one.added_p99_ms, ",.2f"),
    ("resident memory under load (MB)", lambda one: one.loaded_mb, ",.0f"),
)
_RATIOS = (("request", "per request"), ("chunk", "per chunk"), ("stream", "per whole stream"))


def markdown(report: Report) -> str:
    """Return the tables and the verdict of ``report``."""
    ours, peer = report.ours, report.peer
    return "\n".join([*_facts(report), "", *_figures(ours, peer), "", *_comparison(report), "", *_verdict(report), ""])


def _facts(report: Report) -> list[str]:
    facts = [f"- {name}: {value}" for name, value in report.machine.items()]
    asked = ", ".join(f"{name} {count}" for name, count in report.requests.items())
    cores = "gateway on one core, load and provider on the other" if report.pinned else "not possible"
    return [
        *facts,
        f"- pinning: {cores}",
        f"- {len(report.ours.rounds)} rounds; in each: {asked}",
        f"- the provider itself used {report.provider_cpu_us:.0f} µs of CPU per request",
    ]


def _figures(ours: Gateway, peer: Gateway) -> list[str]:
    head = [f"| median (least to most) | {ours.name} {ours.version} | {peer.name} {peer.version} |", "|---|---|---|"]
    rows = [f"| {name} | {_cell(ours, read, form)} | {_cell(peer, read, form)} |" for name, read, form in _ROWS]
    once: Sequence[tuple[str, Callable[[Gateway], float], str]] = (
        ("resident memory idle (MB)", lambda one: one.idle_mb, ",.0f"),
        ("CPU while idle (ms/s)", lambda one: one.idle_cpu_ms_per_s, ",.1f"),
        ("start to ready (s)", lambda one: one.ready_s, ",.1f"),
        ("start to first answer (s)", lambda one: one.first_answer_s, ",.1f"),
        ("wrong or missing answers", lambda one: float(sum(part.wrong for part in one.rounds)), ",.0f"),
    )
    return head + rows + [f"| {name} | {read(ours):{form}} | {read(peer):{form}} |" for name, read, form in once]


def _cell(gateway: Gateway, read: Callable[[Round], float], form: str) -> str:
    found = spread([read(one) for one in gateway.rounds])
    return f"{found.middle:{form}} ({found.low:{form}} to {found.high:{form}})"


def _comparison(report: Report) -> list[str]:
    found = ratios(report)
    head = [f"| CPU, {report.peer.name} : {report.ours.name} | median of rounds | least | most |", "|---|---|---|---|"]
    return head + [
        f"| {name} | {found[key].middle:.1f} | {found[key].low:.1f} | {found[key].high:.1f} |" for key, name in _RATIOS
    ]


def _verdict(report: Report) -> list[str]:
    samples = [sample for gateway in (report.ours, report.peer) for one in gateway.rounds for sample in one.samples]
    verdict = "met" if passes(report) else "NOT met"
    mark = f"Mark: at most 1/{MARK:.0f} of the peer's CPU per request and per chunk, every answer right: **{verdict}**."
    return [mark, *(f"- wrong: {sample}" for sample in samples[:5])]
