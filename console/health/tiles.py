"""The four figures at the top of the health board."""

from typing import Any

from console.format import THIN, count, duration, literal, money, percent
from console.overview.tiles import Tile
from console.status import tally, worst_colour
from router_core.types import AttemptTotals, HealthReport, HealthWindow

__all__ = ["WINDOW_WORDS", "health_tiles"]

WINDOW_WORDS: dict[HealthWindow, str] = {"15m": "15 minutes", "1h": "hour", "24h": "24 hours"}
QUIET: dict[str, Any] = {"delta": "no calls yet", "delta_arrow": "off", "delta_color": "gray"}
GOOD_SHARE = 0.99


def health_tiles(report: HealthReport) -> list[Tile]:
    """Return the tiles: providers, success of calls, latency, what active checks cost."""
    return [_providers(report), _success(report), _latency(report), _checks(report)]


def _providers(report: HealthReport) -> Tile:
    words = [each.word for each in report.providers if each.word != "disabled"]
    healthy = words.count("healthy")
    return Tile(
        "Providers healthy",
        f"{healthy} of {len(words)}" if words else "none",
        {
            "delta": tally(words) or ("all well" if words else "none configured"),
            "delta_arrow": "off",
            "delta_color": worst_colour(words) if words else "gray",
            "help": "Judged by real traffic and, where there is none, by a small check each minute; "
            "disabled ones do not count.",
        },
    )


def _success(report: HealthReport) -> Tile:
    now, before = _share(report.totals), _share(report.previous)
    failed = report.totals.failures
    words = f"{count(failed)} of {count(report.totals.calls)} failed"
    options: dict[str, Any] = {"delta": words, "delta_arrow": "off", **_past(percent(before), before)}
    options["delta_color"] = "green" if not failed or (now or 0) >= GOOD_SHARE else "red"
    return Tile(
        "Success of calls",
        percent(now),
        (options if report.totals.calls else QUIET)
        | {
            "help": "Share of calls to providers that did not fail. A failed call that another provider "
            "rescued counts here; its user saw no error.",
        },
    )


def _latency(report: HealthReport) -> Tile:
    now, before = report.totals.p95_ms, report.previous.p95_ms
    options: dict[str, Any] = dict(QUIET)
    if now is not None:
        options = {"delta": f"p50 {duration(report.totals.p50_ms)}", "delta_arrow": "off", "delta_color": "gray"}
    if now is not None and before:
        change = now / before - 1
        options = {
            "delta": f"{change * 100:+.0f}{THIN}%" if abs(change) >= 0.005 else "steady",
            "delta_arrow": "auto" if abs(change) >= 0.005 else "off",
            "delta_color": "orange" if change > 0.2 else "green" if change < -0.2 else "gray",
            "delta_description": f"vs {WINDOW_WORDS[report.window]} before",
        }
    options["help"] = "95 of 100 calls to providers were complete within this time."
    return Tile("p95 latency of calls", duration(now), options)


def _checks(report: HealthReport) -> Tile:
    probes = report.probes
    used = probes.cost / probes.cap if probes.cap else 0.0
    return Tile(
        "Spent on checks today",
        literal(money(probes.cost)),
        {
            "delta": f"{count(probes.checks)} check{'' if probes.checks == 1 else 's'}",
            "delta_arrow": "off",
            "delta_color": "red" if used >= 1 else "orange" if used >= 0.8 else "gray",
            "delta_description": f"cap {literal(money(probes.cap))}" if probes.cap else None,
            "help": "Active checks since midnight UTC: small real calls to providers that had no traffic. "
            "They stop at the cap, and no account is billed for them.",
        },
    )


def _past(words: str, value: float | None) -> dict[str, Any]:
    return {} if value is None else {"delta_description": f"was {words}"}


def _share(totals: AttemptTotals) -> float | None:
    return 1 - totals.failures / totals.calls if totals.calls else None
