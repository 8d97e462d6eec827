"""Background traffic for the demo, through the router in this process."""

import asyncio
import math
from contextlib import aclosing
from statistics import NormalDist
from typing import Final

import structlog

from router_core.clock import Clock
from router_core.errors import LLMError
from router_core.router import Router
from router_core.types import LLMRequest, Principal
from signalbox.demo.parameters import TokenLengths, WorkloadParameters
from signalbox.workload.texts import prompt_of

__all__ = ["DemoWorkload"]

_P95_SIGMAS: Final = NormalDist().inv_cdf(0.95)
_MOST_UNDER_WAY: Final = 20


class DemoWorkload:
    """Sends requests for ``principal`` until it is cancelled."""

    def __init__(self, router: Router, principal: Principal, clock: Clock, parameters: WorkloadParameters) -> None:
        self._router = router
        self._principal = principal
        self._clock = clock
        self._parameters = parameters
        self._slots = asyncio.Semaphore(_MOST_UNDER_WAY)

    async def run(self) -> None:
        """Send for ever; a failed request is the router's to record, and no reason to stop."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._slots.acquire()
                tasks.create_task(self._send(self._draw()))
                await self._clock.sleep(-math.log(1 - self._clock.random()) / self._parameters.requests_per_second)

    async def _send(self, request: LLMRequest) -> None:
        try:
            if request.stream:
                async with aclosing(self._router.stream(request, self._principal)) as parts:
                    async for _ in parts:
                        pass
            else:
                await self._router.complete(request, self._principal)
        except LLMError as error:
            structlog.get_logger(__name__).debug("demo request failed", code=error.code)
        finally:
            self._slots.release()

    def _draw(self) -> LLMRequest:
        wanted = self._parameters
        prompt_tokens, output_tokens = self._length(wanted.prompt), self._length(wanted.completion)
        return LLMRequest(
            use_case=self._use_case(),
            prompt=prompt_of(prompt_tokens, output_tokens),
            stream=self._clock.random() < wanted.streamed,
        )

    def _length(self, lengths: TokenLengths) -> int:
        sigma = math.log(lengths.p95 / lengths.p50) / _P95_SIGMAS
        chance = min(max(self._clock.random(), 1e-9), 1 - 1e-9)
        drawn = lengths.p50 * math.exp(sigma * NormalDist().inv_cdf(chance))
        return min(max(round(drawn), 1), lengths.most)

    def _use_case(self) -> str:
        mix = self._parameters.mix
        point = self._clock.random() * sum(mix.values())
        for use_case, weight in mix.items():
            point -= weight
            if point < 0:
                return use_case
        return next(iter(mix))
