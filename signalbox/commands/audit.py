"""``signalbox audit``: straight in the store, beside a running server."""

from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.exc import DBAPIError

from db.engine import make_engine
from db.failures import as_store_error
from db.queries.chain_reader import verify_chains
from router_core.audit.verifier import ChainReport
from signalbox.audit_identity import audit_heads, chain_signer
from signalbox.commands.output import print_json, print_line
from signalbox.exits import say
from signalbox.faults import DependencyFault
from signalbox.master_key import load_master_key
from signalbox.settings import Settings, load_settings
from signalbox.store import require_current, store_faults

__all__ = ["verify"]


def verify(data_dir: Path | None, *, as_json: bool) -> int:
    """Print what became of every chain; return 1 when something is wrong with one, else 0."""
    settings = load_settings().in_folder(data_dir)
    reports, forged = _reports(settings)
    faulty = [each for each in reports if each.fault is not None]
    sound = not faulty and not forged
    if as_json:
        print_json({"sound": sound, "forgedHeads": forged, "chains": [_document(each) for each in reports]})
        return int(not sound)
    for each in reports:
        print_line(_line(each))
    for name in forged:
        print_line(f"✗ {name}: the end that is kept outside the store is not signed by us")
    if not reports:
        print_line("the audit log is empty")
    return int(not sound)


def _reports(settings: Settings) -> tuple[list[ChainReport], list[str]]:
    signer = chain_signer(load_master_key(settings))
    files = audit_heads(settings, signer)
    heads = {each.writer: each for each in files.heads()}
    if not heads:
        say("no ends of chains are kept here: a chain that was cut off would be noticed up to its last signature only")
    engine = make_engine(settings.store_url)
    try:
        with store_faults():
            require_current(settings.store_url)
            return list(verify_chains(engine, heads, signer)), list(files.forged())
    except DBAPIError as error:
        raise DependencyFault(f"the store cannot be used: {as_store_error(error)}") from None
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
