"""``signalbox retention run``: apply the rules now, straight in the store."""

import asyncio
from pathlib import Path

from router_core.admin.retention import retention_act
from router_core.clock import SystemClock
from router_core.types import RetentionReport
from signalbox.commands.output import print_json, print_line
from signalbox.commands.store_desk import opened_desk
from signalbox.retention_settings import retention_rules
from signalbox.settings import load_settings
from signalbox.store import store_faults

__all__ = ["run"]


def run(data_dir: Path | None, *, dry: bool, as_json: bool) -> None:
    """Remove what is too old, or with ``dry`` say what would go. Raises :class:`DependencyFault`."""
    reports = asyncio.run(_apply(data_dir, dry=dry))
    if as_json:
        print_json({"dryRun": dry, "tables": reports})
        return
    for each in reports:
        kept = f"kept {each.days} days" if each.days else "kept for ever"
        verb = "would go" if dry else "removed"
        print_line(f"{each.table}: {each.removed:,} rows {verb} ({kept})")


async def _apply(data_dir: Path | None, *, dry: bool) -> list[RetentionReport]:
    settings, clock = load_settings().in_folder(data_dir), SystemClock()
    reports = []
    async with opened_desk(settings, clock) as desk:
        store = desk.store
        with store_faults():
            for rule in retention_rules(settings):
                report = await store.retention.count(rule)
                if report.removed and not dry:
                    await store.actions.append(retention_act(report, clock, "command"))
                    report = await store.retention.run(rule)
                reports.append(report)
    return reports
