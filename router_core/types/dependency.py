"""What this process stands on, and how that is doing."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

__all__ = ["DependencyReport", "DependencyState", "DependencyWord"]

DependencyWord = Literal["up", "slow", "down"]


class DependencyState(Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that this process stands on, as it sees it.

    ``state`` holds since ``since``: ``"slow"`` is what answers late or refuses some of what it is asked, ``"down"``
    what does nothing. ``failures`` were counted since the process began, ``outages`` is how often it went down.
    ``last_error`` is the newest one, without secrets. ``works`` and ``lost`` are one sentence each: what still works
    while it is away, and what does not.
    """

    name: str
    title: str
    state: DependencyWord
    since: datetime
    failures: int = 0
    outages: int = 0
    last_error: str | None = None
    works: str = ""
    lost: str = ""


class DependencyReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """All of them, the worst first; ``state`` is the worst one's."""

    state: DependencyWord
    dependencies: tuple[DependencyState, ...]
