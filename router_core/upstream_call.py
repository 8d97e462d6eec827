"""The calls of one request, ready to be begun: by the request itself, or by the cache on its account."""

from collections.abc import AsyncGenerator, Callable

from router_core.attempts import Attempts, Payment, Trail
from router_core.errors import LLMError, TimeoutError
from router_core.exchange import Exchange
from router_core.rate_limiting.allowance import Allowance
from router_core.resilience.deadline import Deadline
from router_core.selection import refusal
from router_core.types import AnswerPart, LLMRequest, Plan, Question, Served

__all__ = ["UpstreamCall"]


class UpstreamCall:
    """An :class:`AnswerCall` that walks a plan for the newest step of ``exchange``, ``request``, within its deadline
    and limits and on its money.
    """

    __slots__ = ("_allowance", "_attempts", "_deadline", "_exchange", "_payment", "_plan", "_request")

    def __init__(
        self,
        exchange: Exchange,
        request: LLMRequest,
        plan: Plan,
        deadline: Deadline,
        attempts: Attempts,
        payment: Payment,
        allowance: Allowance,
    ) -> None:
        self._exchange = exchange
        self._request = request
        self._plan = plan
        self._deadline = deadline
        self._attempts = attempts
        self._payment = payment
        self._allowance = allowance

    @property
    def question(self) -> Question:
        """What is asked, as the cache needs to know it."""
        exchange = self._exchange
        return Question(
            request=self._request,
            account_id=exchange.account_id,
            use_case=exchange.decision.use_case,
            plan=self._plan,
            streamed=exchange.streamed,
        )

    def parts(self) -> AsyncGenerator[AnswerPart, None]:
        """Begin the calls. Raises the :class:`LLMError` that says why there can be none, or what ended them."""
        if not self._plan.candidates:
            raise refusal(self._plan, self._attempts.absence)
        facts = self._exchange.facts(self._plan)
        made = self._attempts.trail(self._plan, self._deadline, facts, self._payment, self._allowance)
        trail = self._exchange.steps.begin(made)
        return self._attempts.stream(self._request, trail) if self._exchange.streamed else self._whole(trail)

    def begun(self) -> Served:
        """Return who answers first, once the first part is there."""
        provider, model = self._exchange.served()
        return Served("miss", provider or "", model or "")

    def served(self) -> Served | None:
        """Return who answered, None for an answer that is put together from several."""
        return None if self._exchange.was_resumed else self.begun()

    def patience(self) -> float:
        """Return the seconds that the request still has."""
        return self._deadline.remaining()

    def too_late(self) -> LLMError:
        """Return the error of the request's deadline."""
        return TimeoutError(int(self._deadline.total * 1000), provider=self.begun().provider)

    def outlives(self) -> Callable[[], None]:
        """The request's client has left, its calls go on for others; return what records it once they have ended."""
        return self._exchange.outlived()

    async def _whole(self, trail: Trail) -> AsyncGenerator[AnswerPart, None]:
        yield await self._attempts.complete(self._request, trail)
