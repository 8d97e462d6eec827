"""Faults set on demand: what can go wrong, for which calls, how often and how many times."""

from fnmatch import fnmatchcase
from random import Random
from typing import Any, Literal

import msgspec

from simulator.models import Vendor

Garbage = Literal[
    "html", "half_json", "empty", "text", "binary", "no_choices", "list", "huge_line", "endless", "gzip_bomb"
]
Cut = Literal["reset", "close", "end"]
UsageFault = Literal["missing", "null", "negative", "string", "huge"]


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One fault; every field left out changes nothing. Frames are events of a stream; a JSON body is one frame.

    ``model`` is a shell pattern against the name asked for. ``status`` replaces the answer by an error of the vendor's
    shape unless ``body`` is given. ``delay_ms`` comes before the first byte. ``cut_after`` N ends the answer after N
    frames (0: before any byte) by ``cut``: a reset, a plain close, or a tidy end without the closing events.
    ``silent_after`` N says nothing more after N frames and keeps the connection; with 0 and ``send_head`` the headers
    still go out. ``error_after`` N puts the vendor's error event after N frames of a stream. ``slice_bytes`` sends the
    body in pieces of that size, ``slice_delay_ms`` apart. ``probability`` applies per matching call; ``count`` is how
    many more calls it hits (absent: until cleared).
    """

    id: int = 0
    vendor: Vendor | None = None
    model: str = "*"
    stream: bool | None = None
    status: int | None = None
    headers: dict[str, str] = {}
    body: Any = None
    garbage: Garbage | None = None
    usage: UsageFault | None = None
    delay_ms: float = 0
    cut_after: int | None = None
    cut: Cut = "reset"
    silent_after: int | None = None
    send_head: bool = False
    error_after: int | None = None
    error_type: str | None = None
    slice_bytes: int | None = None
    slice_delay_ms: float = 0
    probability: float = 1.0
    count: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out, with ValueError."""
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError("status must be between 200 and 599")
        if not 0 <= self.probability <= 1:
            raise ValueError("probability must be between 0 and 1")
        if self.slice_bytes is not None and self.slice_bytes < 1:
            raise ValueError("slice_bytes must be at least 1")
        counts = (self.cut_after, self.silent_after, self.error_after, self.count)
        if any(number is not None and number < 0 for number in counts) or min(self.delay_ms, self.slice_delay_ms) < 0:
            raise ValueError("counts and delays must not be negative")

    def matches(self, vendor: Vendor, model: str, stream: bool) -> bool:
        """Return whether the fault is meant for such a call."""
        if self.vendor not in {None, vendor} or self.stream not in {None, stream}:
            return False
        return fnmatchcase(model, self.model)


class FaultBook:
    """The faults in force, oldest first; the first that matches a call is the one it suffers."""

    __slots__ = ("_faults", "_next_id", "_rng")

    def __init__(self, rng: Random) -> None:
        self._faults: list[Fault] = []
        self._next_id = 1
        self._rng = rng

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force and return it with its id."""
        fault.id = self._next_id
        self._next_id += 1
        self._faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> int:
        """Lift one fault, or all; return how many were lifted."""
        kept = [] if fault_id is None else [fault for fault in self._faults if fault.id != fault_id]
        lifted = len(self._faults) - len(kept)
        self._faults = kept
        return lifted

    def all(self) -> list[Fault]:
        """Return the faults in force."""
        return list(self._faults)

    def pick(self, vendor: Vendor, model: str, stream: bool) -> Fault | None:
        """Return the fault this call suffers, counting it down, or None."""
        for fault in self._faults:
            if not fault.matches(vendor, model, stream):
                continue
            if fault.probability < 1 and self._rng.random() >= fault.probability:
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self._faults = [other for other in self._faults if other is not fault]
            return fault
        return None

    def __bool__(self) -> bool:
        return bool(self._faults)
