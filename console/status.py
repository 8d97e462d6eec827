"""State as icon, word and colour together, never colour alone."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple

from router_core.types import Attempt, BreakerCause, BreakerPhase, DrillFault, RequestEvent
from signalbox.screens.views import ProviderState

__all__ = [
    "BADGE_COLOURS",
    "CAUSE_WORDS",
    "FAULT_CLAUSES",
    "FAULT_WORDS",
    "PHASE_COLOURS",
    "PHASE_WORDS",
    "PROVIDER_CLAUSES",
    "Colour",
    "StatusMark",
    "attempt_mark",
    "badge",
    "code_words",
    "event_mark",
    "provider_mark",
    "status_word",
    "tally",
    "worst_colour",
]

Colour = Literal["green", "orange", "red", "gray", "blue"]
_SEVERITY: dict[Colour, int] = {"red": 0, "orange": 1, "gray": 2, "blue": 3, "green": 4}


class StatusMark(NamedTuple):
    """How a state is shown."""

    word: str
    icon: str
    colour: Colour


PROVIDER_MARKS: dict[ProviderState, StatusMark] = {
    "healthy": StatusMark("Healthy", ":material/check_circle:", "green"),
    "failing": StatusMark("Failing", ":material/warning:", "orange"),
    "recovering": StatusMark("Recovering", ":material/change_circle:", "orange"),
    "down": StatusMark("Down", ":material/error:", "red"),
    "disabled": StatusMark("Disabled", ":material/do_not_disturb_on:", "gray"),
    "unknown": StatusMark("Not seen yet", ":material/help:", "gray"),
}

# What is said of a provider that is not well, after its name.
PROVIDER_CLAUSES: dict[ProviderState, str] = {
    "down": "is down",
    "failing": "is failing",
    "recovering": "is recovering: one call at a time tests it before it takes its traffic again",
}

PHASE_WORDS: dict[BreakerPhase, str] = {"CLOSED": "Closed", "OPEN": "Open", "HALF_OPEN": "Half-open"}
PHASE_COLOURS: dict[BreakerPhase, Colour] = {"CLOSED": "green", "OPEN": "red", "HALF_OPEN": "orange"}

CAUSE_WORDS: dict[BreakerCause, str] = {
    "failures_in_a_row": "Too many failures in a row",
    "failure_rate": "Too large a share of calls failed",
    "slow_calls": "Too large a share of calls was slow",
    "probe_failed": "The probe failed",
    "cooldown_over": "Cool-down over, probing",
    "probes_succeeded": "Probes answered",
    "forced_open": "Forced open",
    "forced_closed": "Forced closed",
    "force_ended": "The force ran out",
    "reset": "Reset",
}

FAULT_WORDS: dict[DrillFault, str] = {
    "rate_limit": "Rate limited (429)",
    "server_error": "Server error (500)",
    "slow_first_token": "Slow first token",
    "stalled_stream": "Stalled stream",
    "cut": "Connection cut",
}

# What the calls of a drill do, after how many of them.
FAULT_CLAUSES: dict[DrillFault, str] = {
    "rate_limit": "are refused as over the rate limit (429)",
    "server_error": "fail with a server error (500)",
    "slow_first_token": "give their first token only",
    "stalled_stream": "stop in the middle of their answer and say no more",
    "cut": "are cut off in the middle of their answer",
}


def provider_mark(state: ProviderState) -> StatusMark:
    """Return how a provider's state is shown."""
    return PROVIDER_MARKS[state]


def event_mark(event: RequestEvent) -> StatusMark:
    """Return how a request's outcome is shown."""
    return _mark(event.status, event.error_code)


def attempt_mark(attempt: Attempt) -> StatusMark:
    """Return how an attempt's outcome is shown."""
    return _mark(attempt.outcome, attempt.outcome)


def tally(states: Iterable[ProviderState]) -> str:
    """Return ``1 down, 2 recovering``: how many are not well, worst first; empty when all are."""
    counts = Counter(states)
    return ", ".join(
        f"{counts[state]} {mark.word.lower()}"
        for state, mark in sorted(PROVIDER_MARKS.items(), key=lambda pair: _SEVERITY[pair[1].colour])
        if counts[state] and state not in ("healthy", "disabled")
    )


def worst_colour(states: Iterable[ProviderState]) -> Colour:
    """Return the colour of the worst state, green when there is none."""
    return min((PROVIDER_MARKS[state].colour for state in states), key=_SEVERITY.__getitem__, default="green")


def code_words(code: str) -> str:
    """Return ``Rate limit`` for ``RATE_LIMIT``."""
    return code.replace("_", " ").capitalize()


def badge(mark: StatusMark) -> str:
    """Return ``mark`` as Markdown."""
    return f":{mark.colour}-badge[{mark.icon} {mark.word}]"


def _mark(status: str, code: str | None) -> StatusMark:
    if status == "success":
        return StatusMark("Success", ":material/check_circle:", "green")
    if status == "cancelled":
        return StatusMark("Cancelled", ":material/stop_circle:", "gray")
    return StatusMark(code_words(code or "error"), ":material/error:", "red")


BADGE_COLOURS = {"Success": "green", "Cancelled": "gray", "Unknown": "orange", "Done": "blue"}


def status_word(status: str) -> str:
    """Return how a finished request is called."""
    return {"success": "Success", "error": "Error", "cancelled": "Cancelled", "unknown": "Unknown"}.get(status, status)
