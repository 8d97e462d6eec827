"""What is known of a stream while it comes, whoever reads it."""

from router_core.client.answers import AnswerFacts
from router_core.client.attempts import Attempts
from router_core.client.errors import LLMRouterError
from router_core.types import FinishPart, LLMResponse, StreamPart

__all__ = ["StreamRecord"]


class StreamRecord:
    """Filled in as a stream comes: ``facts`` with its first part, ``response`` with its last."""

    __slots__ = ("facts", "response")

    def __init__(self) -> None:
        self.facts: AnswerFacts | None = None
        self.response: LLMResponse | None = None

    def note(self, part: StreamPart, facts: AnswerFacts) -> StreamPart:
        """Keep what ``part`` and its answer's head tell, and return the part."""
        self.facts = facts
        if isinstance(part, FinishPart):
            self.response = part.response
        return part

    def wait_after(self, error: LLMRouterError, attempts: Attempts) -> float:
        """Return the seconds to wait before the stream is asked for again; raises ``error`` once a part has come."""
        if self.facts is not None:
            error.facts = self.facts
            raise error
        return attempts.wait_after(error)
