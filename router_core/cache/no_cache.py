"""The response cache that is switched off: every look is a miss."""

from router_core.types import LLMRequest, LLMResponse, Plan, Principal

__all__ = ["NoCache"]


class NoCache:
    """Keeps nothing."""

    __slots__ = ()

    async def look(self, request: LLMRequest, principal: Principal, plan: Plan) -> LLMResponse | None:  # noqa: ARG002
        """Return None."""
        return None

    async def keep(
        self,
        request: LLMRequest,
        principal: Principal,
        plan: Plan,
        response: LLMResponse,
    ) -> None:
        """Forget ``response``."""
