"""Acts that nobody ordered: what the program does, or what befalls it, by itself."""

from router_core.journal.entries import Gap
from router_core.types import OperatorAction

__all__ = ["gap_act"]


def gap_act(gap: Gap) -> OperatorAction:
    """Return the record of requests that were served while the journal could not be written."""
    return OperatorAction(
        id=gap.id,
        at=gap.until,
        actor="system",
        actor_id="",
        role=None,
        action="journal.gap",
        target="journal",
        detail={"requests": gap.count, "since": gap.since.isoformat(), "until": gap.until.isoformat()},
    )
