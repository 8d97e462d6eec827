"""The steps of one answer: a call of a model, then the tools that it called, then the next call."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from msgspec import structs

from router_core.clock import Clock
from router_core.errors import TimeoutError
from router_core.exchange import Exchange
from router_core.resilience.deadline import Deadline
from router_core.steps.running import ToolPolicy, ToolRunner
from router_core.steps.step_answer import StepAnswer
from router_core.tools.turns import answer_turn, continued_request, result_turn
from router_core.types import (
    AnswerPart,
    LLMRequest,
    Message,
    Plan,
    StepEnd,
    StepPart,
    ToolCall,
    ToolOutput,
    ToolResultPart,
    Usage,
    WireUsage,
)

__all__ = ["MultiStep"]

AskModel = Callable[[LLMRequest, Plan], AsyncGenerator[AnswerPart, None]]
PlanStep = Callable[[LLMRequest], Plan]


class MultiStep:
    """Answers the request of ``exchange``, whose tools run here, in as many steps as it allows.

    ``ask`` begins the calls of one step, ``plan_step`` says where a later one may go. Tools are run in the last step
    too: what they gave back is in the answer's messages, with which the caller may go on. Calls of the caller's own
    tools end the answer once ours have run.
    """

    __slots__ = ("_ask", "_clock", "_deadline", "_exchange", "_plan_step", "_policy")

    def __init__(
        self,
        exchange: Exchange,
        deadline: Deadline,
        policy: ToolPolicy,
        clock: Clock,
        *,
        ask: AskModel,
        plan_step: PlanStep,
    ) -> None:
        self._exchange = exchange
        self._deadline = deadline
        self._policy = policy
        self._clock = clock
        self._ask = ask
        self._plan_step = plan_step

    async def parts(self, plan: Plan) -> AsyncGenerator[StepPart, None]:
        """Yield the parts of all steps, the first as ``plan`` says. Raises the :class:`LLMError` that ended them."""
        exchange, request = self._exchange, self._exchange.request
        while True:
            answer = StepAnswer(exchange.tools, request.tools or {})
            async with aclosing(self._ask(request, plan)) as parts:
                async for part in parts:
                    yield answer.taken(part)
            if not answer.ours:
                if exchange.steps.number > 1:
                    exchange.gained(_spoken(answer), answer.calls)
                return
            results: dict[str, ToolResultPart] = {}
            async with aclosing(self._run(answer.ours)) as ran:
                async for result in ran:
                    results[result.tool_call_id] = result
                    yield ToolOutput(result.tool_call_id, result.tool_name, result.result, result.is_error)
            turns = (*_spoken(answer), result_turn(results[call.tool_call_id] for call in answer.ours))
            exchange.gained(turns, answer.left_open)
            if answer.left_open or exchange.steps.number >= request.max_steps:
                return
            yield StepEnd(answer.finish, WireUsage.of(answer.usage or Usage()))
            exchange.next_step()
            request = continued_request(request, turns)
            plan = self._next_plan(request)

    async def _run(self, calls: Sequence[ToolCall]) -> AsyncGenerator[ToolResultPart, None]:
        """Yield the results of ``calls`` as they come. Raises :class:`TimeoutError` when the request's time is up."""
        exchange = self._exchange
        runner = ToolRunner(exchange.tools, self._policy, self._deadline, exchange.steps.number, self._clock)
        async with aclosing(runner.run(calls, exchange.steps.runs)) as ran:
            async for each in ran:
                if self._deadline.remaining() <= 0:
                    raise TimeoutError(int(self._deadline.total * 1000), provider=exchange.served()[0] or "")
                yield each.part

    def _next_plan(self, request: LLMRequest) -> Plan:
        """Return the plan of a later step: whoever served the step before it comes first, where that is possible."""
        plan = self._plan_step(request)
        before = self._exchange.served()
        return structs.replace(
            plan,
            candidates=tuple(
                sorted(plan.candidates, key=lambda each: (each.provider.name, each.provider.model) != before)
            ),
        )


def _spoken(answer: StepAnswer) -> tuple[Message, ...]:
    """Return the turn of the model, none where it said nothing at all."""
    return (answer_turn(answer.text, answer.calls, answer.reasoning),) if answer.text or answer.calls else ()
