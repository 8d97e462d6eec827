"""Retry budget, rests, the adaptive limit and backoff through random schedules beside models of a few lines."""

import random

from router_core.clock import Clock
from router_core.errors import RateLimitError
from router_core.resilience.concurrency import AdaptiveLimit, ConcurrencyPolicy
from router_core.resilience.rest import Rest
from router_core.resilience.retry import RetryPolicy, backoff
from router_core.resilience.retry_budget import RetryBudget, RetryBudgetPolicy
from tests.properties.seeds import SCHEDULES, for_each_seed
from tests.support.fake_clock import FakeClock

BUCKETS = 10


def budget_schedule(rng: random.Random) -> None:
    """In every window, a tenth of it exact, repeats stay within the floor or their share of the calls."""
    clock = FakeClock()
    policy = RetryBudgetPolicy(share=rng.choice((0.1, 0.2, 0.5)), floor=rng.choice((0, 1, 3)), window=10.0)
    budget = RetryBudget(policy, clock)
    calls: list[int] = []
    repeats: list[int] = []
    eager = rng.choice((0.2, 0.6, 0.9))
    for _ in range(40):
        clock.advance(rng.choice((0.0, 0.0, 0.25, 0.5, 2.0, 9.75, 30.0) if rng.random() < 0.3 else (0.0, 0.125)))
        tick = int(clock.now())
        if rng.random() > eager:
            budget.note_call()
            calls.append(tick)
        else:
            recent = sum(each > tick - BUCKETS for each in calls)
            used = sum(each > tick - BUCKETS for each in repeats)
            allowed = used + 1 <= policy.floor or used + 1 <= policy.share * recent
            assert budget.allow_repeat() == allowed, f"{used} repeats after {recent} calls"
            if allowed:
                repeats.append(tick)
    tick = int(clock.now())
    assert budget.recent() == tuple(sum(each > tick - BUCKETS for each in kept) for kept in (calls, repeats))


def rest_schedule(rng: random.Random) -> None:
    """A rest is never cut short by a shorter one, and is over exactly when it should be."""
    clock = FakeClock()
    rest, end = Rest(clock), 0.0
    for _ in range(16):
        chance = rng.random()
        if chance < 0.4:
            seconds = rng.choice((0.25, 1.0, 3.5, 60.0))
            rest.begin(seconds, RateLimitError("slow down", provider="row", upstream_status=429))
            end = max(end, clock.now() + seconds)
        elif chance < 0.45:
            rest.end()
            end = 0.0
        else:
            clock.advance(rng.choice((0.125, 0.25, 1.0, 3.5, 30.0)))
        left = max(0.0, end - clock.now())
        assert rest.wait_ms() == left * 1000, f"{rest.wait_ms()} ms instead of {left} s"
        assert (rest.error is None) == (left == 0)


class LimitModel:
    """Additive increase where the room is used, multiplicative decrease at most once in a while, both bounded.

    When it has been calm for long enough, whoever finds no room makes it half as large again.
    """

    def __init__(self, policy: ConcurrencyPolicy) -> None:
        self.policy, self.limit, self.inside = policy, float(policy.ceiling), 0
        self.quiet_until, self.calm_at = 0.0, 0.0

    def fits(self, now: float) -> bool:
        if self.inside >= int(self.limit) and now >= self.calm_at and self.limit < self.policy.ceiling:
            self.calm_at = now + self.policy.calm
            self.limit = min(self.limit * 1.5 + 1, self.policy.ceiling)
        return self.inside < int(self.limit)

    def good(self) -> None:
        if self.inside >= self.limit / 2:
            self.limit = min(self.limit + self.policy.growth, self.policy.ceiling)

    def overload(self, now: float) -> None:
        self.calm_at = now + self.policy.calm
        if now >= self.quiet_until and self.inside >= self.policy.least:
            self.quiet_until = now + self.policy.pause
            self.limit = max(self.policy.least, min(self.limit, self.inside) * self.policy.backoff)


def limit_schedule(rng: random.Random) -> None:
    """What is let in is what the limit has room for; the limit stays within its bounds and never loses a place."""
    clock = FakeClock()
    policy = ConcurrencyPolicy(
        ceiling=rng.choice((4, 20, 50)),
        least=rng.choice((1, 4)),
        pause=rng.choice((0.0, 1.0)),
        calm=rng.choice((1.0, 5.0)),
    )
    limit, model = AdaptiveLimit(policy, clock), LimitModel(policy)
    hunger = rng.choice((0.45, 0.6, 0.75))
    for _ in range(40):
        chance = rng.random()
        if chance < hunger:
            fits = model.fits(clock.now())
            assert limit.has_room() == fits
            assert limit.take() == fits, f"{model.inside} inside, limit {model.limit}"
            model.inside += fits
        elif chance < 0.95 and model.inside:
            _end_one(rng, limit, model, clock)
        else:
            clock.advance(rng.choice((0.25, 1.0, 3.0)))
        assert limit.in_flight == model.inside
        assert limit.limit == int(model.limit)
        assert policy.least <= limit.limit <= policy.ceiling
    for _ in range(model.inside):
        limit.give_back()
    assert limit.in_flight == 0


def _end_one(rng: random.Random, limit: AdaptiveLimit, model: LimitModel, clock: Clock) -> None:
    how = rng.choice(("good", "good", "overload", "neutral"))
    if how == "good":
        limit.note_good()
        model.good()
    if how == "overload":
        limit.note_overload()
        model.overload(clock.now())
    limit.give_back()
    model.inside -= 1


def backoff_schedule(rng: random.Random) -> None:
    """Waits lie within the jitter around their power of the multiplier, never below 0, never above the cap."""
    policy = RetryPolicy(
        initial_delay=rng.choice((0.0, 0.1, 0.3)),
        max_delay=rng.choice((0.3, 5.0)),
        multiplier=rng.choice((1.0, 2.0, 3.0)),
        jitter=rng.choice((0.0, 0.25, 0.9)),
    )
    for attempt in (1, 2, 3, 4, rng.randrange(5, 3000)):
        delay = backoff(policy, attempt, rng.random())
        middle = 0.0 if attempt == 1 else policy.initial_delay * policy.multiplier ** min(attempt - 2, 80)
        least, most = (min(policy.max_delay, middle * (1 + sign * policy.jitter)) for sign in (-1, 1))
        assert least - 1e-9 <= delay <= most + 1e-9
        assert 0 <= delay <= policy.max_delay


def test_repeats_stay_within_their_budget():
    for_each_seed(SCHEDULES["retry budget"], budget_schedule)


def test_rests_last_as_long_as_was_asked():
    for_each_seed(SCHEDULES["rest"], rest_schedule)


def test_limit_lets_in_what_it_has_room_for():
    for_each_seed(SCHEDULES["limit"], limit_schedule)


def test_backoff_stays_within_its_bounds():
    for_each_seed(SCHEDULES["backoff"], backoff_schedule)


def test_the_schedules_are_many():
    assert sum(SCHEDULES.values()) >= 100_000
