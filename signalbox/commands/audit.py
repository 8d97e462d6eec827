"""``signalbox audit``: straight in the store, beside a running server."""

from pathlib import Path
from typing import Any

import msgspec

from db.engine import make_engine
from db.queries.chain_reader import SqlChainAuditor
from router_core.admin.chain_check import ChainVerdict
from router_core.audit.verifier import ChainReport
from router_core.clock import SystemClock
from signalbox.audit_identity import audit_heads, chain_signer
from signalbox.commands.output import print_json, print_line
from signalbox.exits import say
from signalbox.settings import Settings, load_settings
from signalbox.store import require_current, store_faults
from signalbox.unlocking import check_master_key, unlock

__all__ = ["verify"]


def verify(data_dir: Path | None, *, as_json: bool) -> int:
    """Print what became of every chain; return 1 when something is wrong with one, else 0."""
    settings = load_settings().in_folder(data_dir)
    verdict = _verdict(settings)
    if as_json:
        chains = [_document(each) for each in verdict.reports]
        print_json({"sound": verdict.sound, "forgedHeads": verdict.forged, "chains": chains})
        return int(not verdict.sound)
    for each in verdict.reports:
        print_line(_line(each))
    for name in verdict.forged:
        print_line(f"✗ {name}: the end that is kept outside the store is not signed by us")
    if not verdict.reports:
        print_line("the audit log is empty")
    return int(not verdict.sound)


def _verdict(settings: Settings) -> ChainVerdict:
    with store_faults():
        check_master_key(settings)
        require_current(settings.store_url)
    signer = chain_signer(unlock(settings, SystemClock(), migrate=False).root)
    files = audit_heads(settings, signer)
    if not files.heads():
        say("no ends of chains are kept here: a chain that was cut off would be noticed up to its last signature only")
    engine = make_engine(settings.store_url)
    try:
        with store_faults():
            return SqlChainAuditor(engine, files, signer).verify(lambda _: None)
    finally:
        engine.dispose()


def _line(report: ChainReport) -> str:
    if report.fault is None:
        end = "" if report.end_known else "; its end is not kept here"
        return f"✓ {report.writer}: {report.rows:,} rows, signed up to {report.vouched_seq:,}{end}"
    fault = report.fault
    row = "" if fault.id is None else f" ({fault.id})"
    return f"✗ {report.writer}: row {fault.seq:,}{row}: {fault.what}"


def _document(report: ChainReport) -> Any:
    fault = None if report.fault is None else msgspec.structs.asdict(report.fault)
    return {
        "writer": report.writer,
        "rows": report.rows,
        "vouchedSeq": report.vouched_seq,
        "endKnown": report.end_known,
        "fault": fault,
    }
