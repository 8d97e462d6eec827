"""The call log: what every call to the simulated vendors was, and the counts tests settle their accounts with."""

import hashlib
import os
from collections import Counter, deque
from pathlib import Path
from typing import Final, Literal

import msgspec

Outcome = Literal["completed", "cut", "client_closed", "fault"]

CAPACITY: Final = 100_000
_FINGERPRINT_LENGTH: Final = 12
_KNOWN_KEYS: Final = 4_096


class Call(msgspec.Struct, kw_only=True):
    """One call; ``seq`` is its place in the log (by end), ``arrival`` its place by beginning.

    ``tag`` is what the prompt's ``[[sim:tag=...]]`` says, so that a test can tell whose call it was.
    """

    seq: int = 0
    arrival: int = 0
    vendor: str = ""
    path: str = ""
    model: str = ""
    stream: bool = False
    status: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    key: str = ""
    user_agent: str = ""
    tag: str = ""
    request_bytes: int = 0
    bytes_sent: int = 0
    chunks_sent: int = 0
    outcome: Outcome = "completed"
    fault: int | None = None
    replay: str | None = None
    started_at: float = 0.0
    first_byte_ms: float | None = None
    duration_ms: float = 0.0


class CallLog:
    """Finished calls in memory (the newest only) and, if wanted, appended to a file as JSON lines."""

    __slots__ = (
        "_active",
        "_by_model",
        "_calls",
        "_file",
        "_fingerprints",
        "_seq",
        "_tokens",
        "arrivals",
        "connections",
    )

    def __init__(self, path: Path | None = None, capacity: int = CAPACITY) -> None:
        self._calls: deque[Call] = deque(maxlen=capacity)
        self._by_model: Counter[tuple[str, str, int]] = Counter()
        self._tokens: Counter[tuple[str, str]] = Counter()
        self._fingerprints: dict[bytes, str] = {}
        self._seq = 0
        self._active: dict[int, bool] = {}
        self.arrivals = 0
        self.connections = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = None if path is None else os.open(path, flags, 0o644)

    def fingerprint(self, key: bytes) -> str:
        """Return a short hash that tells keys apart and gives none away."""
        known = self._fingerprints.get(key)
        if known is None:
            known = hashlib.sha256(key).hexdigest()[:_FINGERPRINT_LENGTH] if key else ""
            if len(self._fingerprints) < _KNOWN_KEYS:
                self._fingerprints[key] = known
        return known

    def begin(self, call: Call) -> None:
        """Count a call as under way."""
        self._active[call.arrival] = call.stream

    def end(self, call: Call) -> None:
        """Log a call that is over."""
        self._active.pop(call.arrival, None)
        self._seq += 1
        call.seq = self._seq
        self._calls.append(call)
        self._by_model[(call.model, call.outcome, call.status)] += 1
        self._tokens[(call.model, "prompt_tokens")] += call.prompt_tokens
        self._tokens[(call.model, "completion_tokens")] += call.completion_tokens
        if self._file is not None:
            os.write(self._file, msgspec.json.encode(call) + b"\n")

    def after(self, seq: int, limit: int) -> list[Call]:
        """Return up to ``limit`` calls logged after ``seq``, oldest first."""
        if not self._calls:
            return []
        skipped = max(0, seq - self._calls[0].seq + 1)
        return [self._calls[index] for index in range(skipped, min(skipped + limit, len(self._calls)))]

    def counts(self) -> dict[str, object]:
        """Return totals since the start or the last reset, and what is open now."""
        outcomes: Counter[str] = Counter()
        statuses: Counter[str] = Counter()
        models: dict[str, dict[str, int]] = {}
        for (model, outcome, status), number in self._by_model.items():
            outcomes[outcome] += number
            statuses[str(status)] += number
            entry = models.setdefault(model, {"calls": 0})
            entry["calls"] += number
            entry[outcome] = entry.get(outcome, 0) + number
        for (model, kind), number in self._tokens.items():
            models[model][kind] = number
        return {
            "calls": outcomes.total(),
            "outcomes": outcomes,
            "statuses": statuses,
            "models": models,
            "active_calls": len(self._active),
            "active_streams": sum(self._active.values()),
            "open_connections": self.connections,
        }

    def reset(self) -> None:
        """Forget finished calls and totals; numbering goes on, the file stays as it is."""
        self._calls.clear()
        self._by_model.clear()
        self._tokens.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
