"""Which worker runs what: browsers one after the other, faults too, every other file wherever there is room."""

from typing import Final

import pytest
from xdist.scheduler import LoadFileScheduling

__all__ = ["LaneScheduling", "in_good_order"]

LANES: Final = ("tests/e2e/", "tests/faults/", "tests/clients/")


class LaneScheduling(LoadFileScheduling):  # type: ignore[misc] # the library has no types
    """Hands out tests by file; each of ``LANES`` goes to one worker whole: two of its kind fill a machine."""

    def _split_scope(self, nodeid: str) -> str:
        return next((lane for lane in LANES if nodeid.startswith(lane)), str(super()._split_scope(nodeid)))


def in_good_order(items: list[pytest.Item]) -> None:
    """Put the lanes at the front, for they take the longest, and in each the files with what runs alone at its end.

    Who is to be alone waits for everybody else, and everybody else for them. Tests of a file keep their order: the last
    may end what the others need.
    """
    alone = {item.path for item in items if item.get_closest_marker("alone") is not None}
    items.sort(key=lambda item: (_lane(item), item.path in alone))


def _lane(item: pytest.Item) -> int:
    return next((number for number, lane in enumerate(LANES) if item.nodeid.startswith(lane)), len(LANES))
