"""The in-memory twin of what keeps answers under idempotency keys."""

from collections import OrderedDict
from dataclasses import dataclass

from router_core.clock import Clock
from router_core.ports.idempotency import KEPT_S, AnswerClaim, ClaimedAnswer, Room

__all__ = ["MemoryAnswers"]


@dataclass(slots=True)
class _Entry:
    claim: AnswerClaim
    ends: float
    answer: bytes | None = None


class MemoryAnswers:
    """Keeps answers in the process; an :class:`AnswerStore` that belongs to one event loop."""

    def __init__(self, clock: Clock, room: Room | None = None) -> None:
        self._clock = clock
        self._room = room or Room()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    async def claim(self, claim: AnswerClaim) -> ClaimedAnswer | None:
        """Take the place; return what is there instead when another has it."""
        now = self._clock.now()
        entry = self._entries.get(claim.place)
        if entry is not None and now < entry.ends:
            return ClaimedAnswer(entry.claim.body, entry.answer)
        self._entries[claim.place] = _Entry(claim, now + claim.lease_s)
        return None

    async def keep(self, claim: AnswerClaim, sealed: bytes) -> bool:
        """Keep the answer for 24 hours; return whether the place was still the claim's."""
        entry = self._own(claim)
        if entry is None:
            return False
        now = self._clock.now()
        entry.answer, entry.ends = sealed, now + KEPT_S
        self._entries.move_to_end(claim.place)
        self._make_room(claim.account_id, now)
        return True

    async def release(self, claim: AnswerClaim) -> None:
        """Leave the place, unless it is another's or has its answer."""
        if self._own(claim) is not None:
            del self._entries[claim.place]

    def _own(self, claim: AnswerClaim) -> _Entry | None:
        entry = self._entries.get(claim.place)
        is_own = entry is not None and entry.claim.lease == claim.lease and entry.answer is None
        return entry if is_own else None

    def _make_room(self, account_id: str, now: float) -> None:
        """Forget what has ended, and the account's oldest answers beyond its room."""
        for place in [each for each, entry in self._entries.items() if entry.ends <= now]:
            del self._entries[place]
        kept = {place: entry.answer for place, entry in self._entries.items()
                if entry.claim.account_id == account_id and entry.answer is not None}  # fmt: skip
        number, size = len(kept), sum(map(len, kept.values()))
        for place, answer in kept.items():
            if number <= self._room.answers and size <= self._room.size:
                break
            del self._entries[place]
            number, size = number - 1, size - len(answer)
