"""State as icon, word and colour together, never colour alone."""

from typing import Literal, NamedTuple

from console.views import ProviderState
from router_core.types import Attempt, RequestEvent

__all__ = ["StatusMark", "attempt_mark", "badge", "event_mark", "provider_mark"]

Colour = Literal["green", "orange", "red", "gray", "blue"]


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


def provider_mark(state: ProviderState) -> StatusMark:
    """Return how a provider's state is shown."""
    return PROVIDER_MARKS[state]


def event_mark(event: RequestEvent) -> StatusMark:
    """Return how a request's outcome is shown."""
    return _mark(event.status, event.error_code)


def attempt_mark(attempt: Attempt) -> StatusMark:
    """Return how an attempt's outcome is shown."""
    return _mark(attempt.outcome, attempt.outcome)


def badge(mark: StatusMark) -> str:
    """Return ``mark`` as Markdown."""
    return f":{mark.colour}-badge[{mark.icon} {mark.word}]"


def _mark(status: str, code: str | None) -> StatusMark:
    if status == "success":
        return StatusMark("Success", ":material/check_circle:", "green")
    if status == "cancelled":
        return StatusMark("Cancelled", ":material/stop_circle:", "gray")
    return StatusMark((code or "error").replace("_", " ").capitalize(), ":material/error:", "red")
