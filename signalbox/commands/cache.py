"""``signalbox cache``: how the cache of answers of a running server is doing, and the end of what it keeps."""

from router_core.admin.cache_desk import CachePurged, PurgeOrder
from router_core.types import CacheReport
from signalbox.commands.operator_client import ServerOptions, connected
from signalbox.commands.output import print_json, print_line
from signalbox.faults import UsageFault

__all__ = ["purge", "show_stats"]


def show_stats(options: ServerOptions) -> None:
    """Print the figures of the answering process."""
    with connected(options) as client:
        found = client.get("cache", CacheReport)
    if options.as_json:
        print_json(found)
        return
    answers, store = found.answers, found.store
    print_line(f"requests: {answers.hits:,} hits, {answers.shared:,} shared, {answers.misses:,} misses")
    print_line(f"answers: {answers.kept:,} kept, {answers.unfit:,} unfit, {answers.rejected:,} rejected entries")
    print_line(f"store: {store.kind}{_size(found)}, {store.evicted:,} evicted, {store.faults:,} faults")


def purge(account: str | None, use_case: str | None, options: ServerOptions, *, everything: bool) -> None:
    """Have nothing served any more of what is kept until now."""
    if (account is None and use_case is None) != everything:
        raise UsageFault("name what to purge with --account, --use-case or both, or say --all")
    order = PurgeOrder(account_id=account, use_case=use_case, everything=everything)
    with connected(options) as client:
        done = client.act("POST", "cache/purge", CachePurged, order)
    if options.as_json:
        print_json(done)
    else:
        print_line(f"purged in every process within 2 s; {done.removed:,} entries removed")


def _size(report: CacheReport) -> str:
    store = report.store
    if store.entries is None or store.size_bytes is None or store.limit_bytes is None:
        return ""
    return f" with {store.entries:,} entries, {store.size_bytes / 2**20:,.1f} of {store.limit_bytes / 2**20:,.0f} MiB"
