"""What one step of a window came to, added up over processes and kept small until it is needed again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from router_core.metrics.measures import Measures
from router_core.ports import StoredMeasures
from router_core.types import MetricTotals

__all__ = ["DIMENSIONS", "PackedMeasures", "StepSum", "Tally", "floor_step", "fold_steps"]

# In the order of the parts of a row's name.
DIMENSIONS: Final = ("provider", "model", "use_case")


def floor_step(moment: datetime, span: int) -> datetime:
    """Return where the step of ``span`` seconds that ``moment`` lies in begins."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % span, UTC)


class PackedMeasures(Struct, frozen=True):
    """Measures as the store keeps them: bytes take less memory than maps."""

    counts: tuple[int, ...]
    packed: tuple[bytes, bytes, bytes]

    @classmethod
    def of(cls, measures: Measures) -> "PackedMeasures":
        """Return ``measures``, packed."""
        return cls(tuple(measures.counts), measures.packed())

    def unpacked(self) -> Measures:
        """Return a sum of its own."""
        return Measures().merge_stored(self.counts, self.packed)


class StepSum(Struct, frozen=True):
    """One step. ``stamp`` tells its state in the store; ``rows`` has a map from name to sum for each dimension.

    ``totals`` and ``points`` are the same as figures; those of ``points`` have no percentiles.
    """

    stamp: tuple[int, int]
    whole: PackedMeasures
    totals: MetricTotals
    rows: tuple[dict[str, PackedMeasures], ...]
    points: tuple[dict[str, MetricTotals], ...]


class Tally:
    """A mutable sum over all, and over each name of each dimension."""

    __slots__ = ("rows", "whole")

    def __init__(self) -> None:
        self.whole = Measures()
        self.rows: tuple[dict[str, Measures], ...] = tuple({} for _ in DIMENSIONS)

    def copy(self) -> "Tally":
        """Return a sum that changes apart from this one."""
        other = Tally()
        other.whole = self.whole.copy()
        other.rows = tuple({name: measures.copy() for name, measures in rows.items()} for rows in self.rows)
        return other

    def add(self, names: Sequence[str], measures: Measures) -> None:
        """Add what was counted of one provider, model and use case."""
        self.whole.merge(measures)
        self.add_names(names, measures)

    def add_names(self, names: Sequence[str], measures: Measures) -> None:
        """Add to the rows, and leave the whole."""
        for rows, name in zip(self.rows, names, strict=True):
            rows.setdefault(name, Measures()).merge(measures)

    def join(self, other: "Tally") -> None:
        """Add another sum."""
        self.whole.merge(other.whole)
        for mine, theirs in zip(self.rows, other.rows, strict=True):
            for name, measures in theirs.items():
                mine.setdefault(name, Measures()).merge(measures)

    def add_step(self, step: StepSum) -> None:
        """Add a whole step."""
        self.whole.merge(step.whole.unpacked())
        for rows, added in zip(self.rows, step.rows, strict=True):
            for name, each in added.items():
                rows.setdefault(name, Measures()).merge(each.unpacked())

    def take_step(self, step: StepSum) -> None:
        """Take a step, which was added before, out again."""
        self.whole.take(step.whole.unpacked())
        for rows, taken in zip(self.rows, step.rows, strict=True):
            for name, each in taken.items():
                rows[name].take(each.unpacked())
                if not rows[name].counts[0]:
                    del rows[name]


def fold_steps(stored: Iterable[StoredMeasures], stamps: Mapping[datetime, tuple[int, int]]) -> dict[datetime, StepSum]:
    """Add up ``stored`` by step, each with its stamp in ``stamps``.

    A step that grew between the reading of its stamp and of its rows keeps the older stamp and is read once more.
    """
    merged: dict[tuple[datetime, str, str, str], Measures] = {}
    for each in stored:
        if each.start is not None:
            key = (each.start, each.provider, each.model, each.use_case)
            merged.setdefault(key, Measures()).merge_stored(each.counts, each.packed)
    tallies: dict[datetime, Tally] = {}
    for (start, *names), measures in merged.items():
        tallies.setdefault(start, Tally()).add_names(names, measures)
    return {start: _step(stamps[start], tally) for start, tally in tallies.items()}


def _step(stamp: tuple[int, int], tally: Tally) -> StepSum:
    for measures in tally.rows[0].values():
        tally.whole.merge(measures)  # Over the few of one dimension: fewer sums than over every row.
    rows = tuple({name: PackedMeasures.of(each) for name, each in rows.items()} for rows in tally.rows)
    points = tuple({name: _counted(each) for name, each in rows.items()} for rows in tally.rows)
    return StepSum(stamp, PackedMeasures.of(tally.whole), tally.whole.totals(), rows, points)


def _counted(measures: Measures) -> MetricTotals:
    counted = Measures()
    counted.merge_counts(measures.counts)
    return counted.totals()
