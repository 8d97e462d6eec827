"""Who of the eligible candidates of a use case is asked first, and in which order the others follow."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from router_core.selection.lot import Lot, conversation_of
from router_core.selection.signals import Signals
from router_core.types import Candidate, LLMRequest, ProviderConfig, Strategy, Usage, UseCasePolicy, format_usd

__all__ = ["EXPLORED_SHARE", "Asked", "arranged"]

# The share of a use case's streams that `fastest` spends on learning how fast the others are.
EXPLORED_SHARE = 0.05
# Places beyond these are by weight, not by chance: nobody gets that far.
MOST_DRAWN = 12
_OWN, _SHARED, _LAST = 0, 1, 2


class Asked(Struct, frozen=True):
    """What strategies may know of a request. ``input_tokens`` is its estimated size."""

    request: LLMRequest
    use_case: str
    account_id: str | None
    input_tokens: int
    policy: UseCasePolicy
    signals: Signals


def arranged(candidates: Sequence[Candidate], asked: Asked) -> list[Candidate]:
    """Return ``candidates``, all of them, as the policy wants them; each says why it stands where it stands.

    Strategies choose within a pool: the providers that the order names, else the account's own, then the global ones.
    """
    policy = asked.policy
    lot = Lot(asked.signals.chance())
    canary, first = None, False
    if policy.canary is not None:
        canary = policy.canary.provider
        first = _lot_of_canary(asked, lot).hits(policy.canary.percent / 100)
    named = frozenset(policy.order)
    pools: tuple[list[Candidate], ...] = ([], [], [])
    for each in candidates:
        if each.provider.name != canary:
            pools[_pool(each.provider, asked, named)].append(each)
    rank = _RANKS[policy.strategy]
    ordered = [*rank(pools[_OWN], asked, lot), *rank(pools[_SHARED], asked, lot), *pools[_LAST]]
    tried = [each for each in candidates if each.provider.name == canary]
    if first:
        return [*_canaries(tried, policy, "canary: {share} of requests"), *ordered]
    return [*ordered, *_canaries(tried, policy, "canary: {share} of requests, not this one")]


def _lot_of_canary(asked: Asked, lot: Lot) -> Lot:
    if not asked.policy.sticky or not lot.is_chance:
        return lot
    return Lot(conversation_of(asked.request, asked.account_id, asked.use_case).chance("canary"))


def _pool(provider: ProviderConfig, asked: Asked, named: frozenset[str]) -> int:
    if named:
        return _OWN if provider.name in named else _LAST
    if asked.use_case not in provider.use_cases:
        return _LAST
    return _SHARED if provider.account_id is None else _OWN


def _canaries(tried: Sequence[Candidate], policy: UseCasePolicy, why: str) -> list[Candidate]:
    share = "" if policy.canary is None else f"{policy.canary.percent:g} %"
    return [_because(each, why.format(share=share)) for each in tried]


def _because(candidate: Candidate, reason: str) -> Candidate:
    return Candidate(candidate.provider, candidate.max_tokens, reason)


# --- strategies -----------------------------------------------------------------------------------------------------


def _priority(pool: Sequence[Candidate], asked: Asked, lot: Lot) -> Sequence[Candidate]:  # noqa: ARG001 - as it stands
    return pool


def _weighted(pool: Sequence[Candidate], asked: Asked, lot: Lot) -> list[Candidate]:
    """Draw without putting back, each as likely as its weight; who has none comes when all others failed."""
    own = asked.policy.weights
    weighed = [(own.get(each.provider.name, each.provider.weight), each) for each in pool]
    weighed.sort(key=lambda pair: -pair[0])
    total = sum(weight for weight, _ in weighed)
    if asked.policy.sticky and lot.is_chance and len(pool) > 1:
        conversation = conversation_of(asked.request, asked.account_id, asked.use_case)
        weighed.sort(key=lambda pair: conversation.rank(pair[1].provider.id, pair[0]))
    else:
        weighed = _drawn(weighed, lot)
    return [
        _because(each, f"weighted: {weight:,} of {total:,}" + ("" if weight else ", only when the others fail"))
        for weight, each in weighed
    ]


def _drawn(weighed: list[tuple[int, Candidate]], lot: Lot) -> list[tuple[int, Candidate]]:
    """Return all of ``weighed``, which is by weight, in the order in which they are drawn."""
    drawn: list[tuple[int, Candidate]] = []
    left = [*weighed]
    while left and left[0][0] > 0 and len(drawn) < MOST_DRAWN:
        drawn.append(left.pop(lot.pick([weight for weight, _ in left])))
    return [*drawn, *left]


def _cheapest(pool: Sequence[Candidate], asked: Asked, lot: Lot) -> list[Candidate]:  # noqa: ARG001 - no chance in it
    """Go by what the request would cost if its answer were as long as answers of the use case are."""
    if not pool:
        return []
    tariff = asked.signals.tariff(asked.account_id)
    expected = asked.signals.expected_output(asked.use_case)
    priced: list[tuple[int, Candidate]] = []
    unpriced: list[Candidate] = []
    for each in pool:
        price = tariff.price(each.provider.model, each.provider.name)
        if price is None:
            unpriced.append(_because(each, f"cheapest: no price is known for {each.provider.model}, so it comes last"))
            continue
        output = min(expected, each.max_tokens)
        cost = price.cost(Usage(input_tokens=asked.input_tokens, output_tokens=output))
        why = f"cheapest: ${format_usd(cost)} for about {asked.input_tokens:,} + {output:,} tokens"
        priced.append((cost, _because(each, why)))
    priced.sort(key=lambda pair: pair[0])
    return [*(each for _, each in priced), *unpriced]


def _fastest(pool: Sequence[Candidate], asked: Asked, lot: Lot) -> list[Candidate]:
    """Go by the median of the newest first tokens; now and then a stream asks one first whose pace is not known."""
    paced: list[tuple[float, Candidate]] = []
    unknown: list[Candidate] = []
    for each in pool:
        pace = asked.signals.pace(each.provider)
        if pace is None:
            unknown.append(_because(each, "fastest: too few first tokens lately"))
            continue
        why = f"fastest: {pace.seconds * 1000:,.0f} ms to first token (p50 of {pace.samples})"
        paced.append((pace.seconds, _because(each, why)))
    paced.sort(key=lambda pair: pair[0])
    known = [each for _, each in paced]
    if not asked.signals.streamed or not known or not unknown or not lot.hits(EXPLORED_SHARE):
        return [*known, *unknown]
    tried = unknown.pop(lot.pick([1] * len(unknown)))
    why = f"fastest: {EXPLORED_SHARE:.0%} of streams find out who is fast".replace("%", " %")
    return [_because(tried, why), *known, *unknown]


def _least_busy(pool: Sequence[Candidate], asked: Asked, lot: Lot) -> list[Candidate]:
    """Go by the share of its calls at once that each uses; of equals one drawn is first."""
    loads: list[tuple[float, Candidate]] = []
    for each in pool:
        load = asked.signals.load(each.provider)
        if load is None:
            loads.append((0.0, _because(each, "least busy: no calls")))
        else:
            why = f"least busy: {load.in_flight:,} of {load.limit:,} calls"
            loads.append((load.in_flight / max(1, load.limit), _because(each, why)))
    loads.sort(key=lambda pair: pair[0])
    equals = sum(1 for share, _ in loads if share == loads[0][0])
    if equals > 1:
        loads.insert(0, loads.pop(lot.pick([1] * equals)))
    return [each for _, each in loads]


_RANKS: dict[Strategy, Callable[[Sequence[Candidate], Asked, Lot], Sequence[Candidate]]] = {
    "priority": _priority,
    "weighted": _weighted,
    "cheapest": _cheapest,
    "fastest": _fastest,
    "least_busy": _least_busy,
}
