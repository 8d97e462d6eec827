"""Which worker runs what: the files of browser tests one after the other, every other file wherever there is room."""

from typing import Final

import pytest
from xdist.scheduler import LoadFileScheduling

__all__ = ["OneBrowser", "browsers_first"]

BROWSERS: Final = "tests/e2e/"


class OneBrowser(LoadFileScheduling):  # type: ignore[misc] # the library has no types
    """Hands out tests by file; those that drive a browser all go to one worker, since two browsers fill a machine."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSERS if nodeid.startswith(BROWSERS) else str(super()._split_scope(nodeid))


def browsers_first(items: list[pytest.Item]) -> None:
    """Put the browser tests at the front, for they take the longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(BROWSERS))
