"""What active checks ask: the smallest real completion, of providers that no traffic has vouched for lately."""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors import ProviderError, TimeoutError
from router_core.health.board import HealthBoard
from router_core.health.check_ledger import CheckLedger
from router_core.health.checker import Check, CheckPolicy
from router_core.ports import AdapterSource, PriceSource
from router_core.types import (
    CallTimeouts,
    LLMRequest,
    NanoUSD,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    Secret,
)

__all__ = ["CheckTarget", "UpstreamChecks", "least_tokens"]

PROMPT = "ping"
PROMPT_TOKENS = 20
# The smallest answer that a family can be asked for; everything else takes one token.
LEAST_TOKENS: tuple[tuple[re.Pattern[str], int], ...] = ((re.compile(r"^(?:ft:)?(?:o\d|gpt-[5-9]|gpt-\d\d)"), 16),)


def least_tokens(model: str) -> int:
    """Return the smallest ``max_tokens`` that ``model`` takes."""
    return next((least for family, least in LEAST_TOKENS if family.match(model)), 1)


class CheckTarget(Struct, frozen=True, kw_only=True):
    """One upstream to check: the row that is asked, the names of all rows that share it, and the key."""

    provider: ProviderConfig
    names: tuple[str, ...]
    key: Secret


class UpstreamChecks:
    """Makes a check of each target that needs one; the source of a :class:`HealthChecker`.

    A check is no request: it takes no permit, opens and closes no breaker and is billed to no account; what it costs
    is in the ledger. A model without a price is never asked: nothing is assumed to be free.
    """

    __slots__ = ("_adapters", "_board", "_clock", "_ledger", "_policy", "_prices", "_targets")

    def __init__(
        self,
        *,
        targets: Callable[[], Iterable[CheckTarget]],
        adapters: AdapterSource,
        prices: PriceSource,
        board: HealthBoard,
        ledger: CheckLedger,
        clock: Clock,
        policy: CheckPolicy,
    ) -> None:
        self._targets = targets
        self._adapters = adapters
        self._prices = prices
        self._board = board
        self._ledger = ledger
        self._clock = clock
        self._policy = policy

    def due(self) -> Iterable[Check]:
        """Return a check for each target that no real traffic has vouched for within the last interval."""
        since = self._clock.utcnow() - timedelta(seconds=self._policy.interval)
        return [self.check(each) for each in self._targets() if not self._board.answered_since(each.names, since)]

    def check(self, target: CheckTarget) -> Check:
        """Return the check of ``target``, whose cost is held from now on; one without room for it says so."""
        tokens = least_tokens(target.provider.model)
        price = self._prices.tariff(target.provider.account_id).price(target.provider.model, target.provider.name)
        bound = None if price is None else price.most(PROMPT_TOKENS, tokens)
        if bound is None:
            skip: str | None = f"not checked: no price for {target.provider.model}"
        else:
            skip = None if self._ledger.hold(bound) else "not checked: today's cap for checks is reached"
        ask = partial(self._ask, target, tokens, bound or 0)
        return Check(names=target.names, ask=ask, skip=skip, is_ours=True, secrets=(target.key,))

    async def _ask(self, target: CheckTarget, tokens: int, held: NanoUSD) -> None:
        """Make the call. What broke off may be billed all the same, so its bound stays in the ledger."""
        adapter = await self._adapters.adapter(target.provider.kind)
        try:
            answer = await adapter.complete(self._order(target, tokens))
        except TimeoutError:
            raise
        except ProviderError:
            self._ledger.give_back(held)
            raise
        self._ledger.give_back(held - self._cost(target, answer, held))

    def _order(self, target: CheckTarget, tokens: int) -> ProviderCall:
        wait = self._policy.timeout
        return ProviderCall(
            request=LLMRequest(prompt=PROMPT, temperature=None, max_tokens=tokens),
            provider=target.provider,
            key=target.key,
            max_tokens=tokens,
            timeouts=CallTimeouts(connect=wait, first_token=wait, idle=wait, total=wait),
        )

    def _cost(self, target: CheckTarget, answer: ProviderAnswer, held: NanoUSD) -> NanoUSD:
        row = target.provider
        price = self._prices.tariff(row.account_id).price(row.model, row.name, answer.model)
        return held if price is None else price.cost(answer.usage)
