"""One prompt and what came of it, kept in the session and filled in while the answer streams."""

from dataclasses import dataclass, field
from typing import Literal

from router_core.errors.base import InternalError, LLMError
from router_core.types import (
    Decision,
    FinishPart,
    LLMRequest,
    LLMResponse,
    ReasoningDelta,
    RequestEvent,
    StartPart,
    StreamPart,
    TextDelta,
    ToolCall,
    ToolCallEnd,
)

__all__ = ["Turn", "TurnState", "readable_error"]

TurnState = Literal["running", "done", "stopped", "failed"]

ADVICE = {
    "RATE_LIMIT_EXCEEDED": "You sent requests faster than your account's limit.",
    "RATE_LIMIT": "The provider is limiting us and no other provider could take the request.",
    "PAYMENT_REQUIRED": "The account's budget is spent.",
    "CIRCUIT_BREAKER_OPEN": "Every provider that could serve this is resting after repeated failures.",
    "PROVIDER_UNAVAILABLE": "No provider can serve this request as it is configured now.",
    "INVALID_API_KEY": "The provider refused our key, or there is none. An admin can set it.",
    "TOKEN_LIMIT_EXCEEDED": "The prompt and the answer together do not fit the model.",
    "TIMEOUT": "The provider did not answer in time.",
    "NETWORK": "The provider could not be reached.",
    "PROVIDER_ERROR": "The provider failed while answering.",
    "MAX_RETRIES_EXCEEDED": "Every attempt failed; the trace below shows each one.",
    "OVERLOADED": "The router is shedding load just now.",
    "MODEL_NOT_FOUND": "No configured provider serves that model.",
}
# For these our own sentence says all that the error's message does.
SELF_EXPLAINED = frozenset({"CIRCUIT_BREAKER_OPEN", "MAX_RETRIES_EXCEEDED", "NETWORK"})


@dataclass
class Turn:
    """A request, the answer so far, and how it ended. Times in milliseconds from sending."""

    id: str
    request: LLMRequest
    text: str = ""
    reasoning: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    state: TurnState = "running"
    provider: str | None = None
    model: str | None = None
    first_token_ms: float | None = None
    total_ms: float | None = None
    response: LLMResponse | None = None
    decision: Decision | None = None
    error: LLMError | None = None

    def take(self, part: StreamPart, elapsed_ms: float) -> None:
        """Add ``part``, which came ``elapsed_ms`` after sending."""
        match part:
            case StartPart():
                self.provider, self.model = part.provider, part.model
            case TextDelta() | ReasoningDelta():
                self.first_token_ms = self.first_token_ms or elapsed_ms
                if isinstance(part, TextDelta):
                    self.text += part.text
                else:
                    self.reasoning += part.text
            case ToolCallEnd():
                self.tool_calls.append(part.call)
            case FinishPart():
                self._finish(part.response, elapsed_ms)
            case _:
                self.first_token_ms = self.first_token_ms or elapsed_ms

    def fail(self, error: LLMError, elapsed_ms: float) -> None:
        """End with ``error``; what came before stays."""
        self.state, self.error, self.total_ms = "failed", error, elapsed_ms

    def stop(self, elapsed_ms: float | None = None) -> None:
        """End because the person wanted so."""
        if self.state == "running":
            self.state, self.total_ms = "stopped", elapsed_ms or self.total_ms

    def recorded(self, event: RequestEvent) -> None:
        """Add what only the record knows: the trace of a turn that did not finish."""
        self.decision = event.decision
        self.provider, self.model = event.provider or self.provider, event.model or self.model

    def _finish(self, response: LLMResponse, elapsed_ms: float) -> None:
        self.state, self.response, self.total_ms = "done", response, elapsed_ms
        self.provider, self.model = response.provider, response.model
        self.text = response.text or self.text
        self.tool_calls = list(response.tool_calls)
        if isinstance(response.decision, Decision):
            self.decision = response.decision


def readable_error(error: LLMError) -> tuple[str, str]:
    """Return a title and a sentence for people."""
    if isinstance(error, InternalError):
        return "Internal error", "Something went wrong on our side; the log holds the details."
    title = error.code.replace("_", " ").capitalize()
    advice = ADVICE.get(error.code, "")
    wait = "" if error.retry_after_ms is None else f" Try again in {max(1, round(error.retry_after_ms / 1000))} s."
    said = "" if error.code in SELF_EXPLAINED else f" {error.message.rstrip('.')}."
    return title, f"{advice}{said}".strip() + wait
