"""How often buckets refused of late."""

__all__ = ["SLOTS", "SLOT_S", "Throttles"]

SLOT_S = 300.0
SLOTS = 3
MOST_KEYS = 10_000


class Throttles:
    """Counts refusals by bucket, by slots of five minutes; three of them are remembered, of 10,000 buckets at most."""

    __slots__ = ("_slots",)

    def __init__(self) -> None:
        self._slots: dict[int, dict[str, int]] = {}

    def note(self, key: str, now: float) -> None:
        """The bucket ``key`` refused a request at ``now``."""
        number = int(now // SLOT_S)
        slot = self._slots.get(number)
        if slot is None:
            self._forget(number)
            slot = self._slots[number] = {}
        if key in slot or len(slot) < MOST_KEYS:
            slot[key] = slot.get(key, 0) + 1

    def count(self, key: str, now: float) -> int:
        """Return how often the bucket ``key`` refused in the last 10 to 15 minutes."""
        self._forget(int(now // SLOT_S))
        return sum(slot.get(key, 0) for slot in self._slots.values())

    def _forget(self, newest: int) -> None:
        for number in [each for each in self._slots if each <= newest - SLOTS]:
            del self._slots[number]
