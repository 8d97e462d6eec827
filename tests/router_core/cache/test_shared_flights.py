"""Equal requests at once share one call: whoever leaves, fails or is slow."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from msgspec import UNSET, structs

from router_core.cache.flights import MOST_AHEAD_BYTES, Flights
from router_core.errors import LLMError, LLMProviderError, OverloadedError, PaymentRequiredError, TimeoutError
from router_core.types import (
    AnswerPart,
    CachePolicy,
    FinishReason,
    LLMResponse,
    Payer,
    ProviderConfig,
    Served,
    Snapshot,
    StartPart,
    TextDelta,
    Usage,
    UseCasePolicy,
)
from tests.support.core_fakes import HANG, LedgerBudget, LedgerEntry, Slow, answer, parts, standard_providers
from tests.support.flight_desk import MINI, FlightDesk, end_of, in_virtual_time, text_of

BAD = LLMProviderError("bad gateway", provider=MINI, upstream_status=502)
SLOWLY = (Slow(1.0, TextDelta("Hel")), Slow(1.0, TextDelta("lo")), Slow(1.0, parts()[-1]))


def statuses(desk: FlightDesk) -> Counter[str]:
    return Counter(event.status for event in desk.events.events)


def test_fifty_at_once_are_one_call_that_is_paid_once() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, Slow(1.0, answer("same")))
        answers = await asyncio.gather(*[desk.whole(number / 100) for number in range(50)])
        assert {each.text for each in answers} == {"same"}
        assert Counter(each.cache for each in answers) == {"miss": 1, "shared": 49}
        assert Counter((each.cached, each.cost.usd) for each in answers) == {
            (False, "0.000450"): 1, (True, "0.000000"): 49,
        }  # fmt: skip
        assert len(desk.adapters.calls) == len(desk.ledger.entries) == 1
        events = desk.events.events
        assert sum(event.cost or 0 for event in events) == 450_000
        assert [event.cached for event in events].count(True) == 49
        assert {event.usage for event in events} == {Usage(input_tokens=1000, output_tokens=500)}
        assert {(event.provider, event.model) for event in events} == {(MINI, "gpt-4o-mini")}
        assert {event.decision.cache for event in events} == {"miss", "shared"}

    in_virtual_time(check)


def test_equal_bodies_of_two_accounts_are_two_calls() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, Slow(1.0, answer("for acme")), Slow(1.0, answer("for rival")))
        one, other = await asyncio.gather(desk.whole(account="acme"), desk.whole(0.1, account="rival"))
        assert (one.text, other.text, one.cached, other.cached) == ("for acme", "for rival", False, False)
        again = await desk.whole(account="rival")
        assert (again.text, again.cache) == ("for rival", "hit")

    in_virtual_time(check)


def test_without_the_wish_nothing_is_shared_or_kept() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.always(MINI, Slow(1.0, answer()))
        answers = await asyncio.gather(*[desk.whole(cache=wish) for wish in (None, False, None)], desk.whole(0.1))
        assert [each.cached for each in answers] == [False] * 4
        assert len(desk.adapters.calls) == 4
        assert desk.cache.report().answers.passed == 3

    in_virtual_time(check)


def test_a_follower_of_a_stream_gets_the_parts_so_far_and_then_the_live_ones() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, SLOWLY)
        (first, _), (late, began) = await asyncio.gather(desk.streamed(), desk.streamed(1.5))
        assert text_of(first) == text_of(late) == "Hello"
        assert began == 1.5
        assert [type(part) for part in first] == [type(part) for part in late]
        starts = [each[0] for each in (first, late)]
        assert [each.cache for each in starts if isinstance(each, StartPart)] == ["miss", "shared"]
        assert [end_of(each).cost.usd for each in (first, late)] == ["0.000450", "0.000000"]
        assert desk.clock.now() == 3.0

    in_virtual_time(check)


def test_each_reads_at_its_own_pace() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, SLOWLY)
        slow = asyncio.create_task(desk.streamed(pause=30.0))
        quick, _ = await desk.streamed(0.1)
        assert (text_of(quick), desk.clock.now()) == ("Hello", 3.0)
        assert text_of((await slow)[0]) == "Hello"

    in_virtual_time(check)


@pytest.mark.parametrize("streamed", [False, True])
def test_when_the_leader_leaves_the_call_goes_on_and_is_recorded_as_its_own(streamed: bool) -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, SLOWLY if streamed else Slow(3.0, answer("Hello")))
        how: Any = desk.streamed if streamed else desk.whole
        leader, follower = asyncio.create_task(how()), asyncio.create_task(how(0.5))
        await desk.clock.sleep(1.5)
        leader.cancel()
        await asyncio.wait({leader})
        assert desk.events.events == []
        await follower
        paid, free = sorted(desk.events.events, key=lambda event: event.cached)
        assert (paid.status, paid.cost, paid.cached) == ("cancelled", 450_000, False)
        assert (free.status, free.cost, free.cached) == ("success", 0, True)
        assert paid.usage == free.usage == Usage(input_tokens=1000, output_tokens=500)
        assert desk.ledger.entries[0].closes == [450_000]
        assert (await desk.whole()).cache == "hit"

    in_virtual_time(check)


@pytest.mark.parametrize("streamed", [False, True])
def test_when_nobody_is_left_the_call_is_cancelled_and_the_next_request_asks_anew(streamed: bool) -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, (TextDelta("Hel"), HANG) if streamed else HANG)
        how: Any = desk.streamed if streamed else desk.whole
        riders = [asyncio.create_task(how(number / 10)) for number in range(3)]
        await desk.clock.sleep(1.0)
        for each in riders:
            each.cancel()
            await asyncio.wait({each})
        assert statuses(desk) == {"cancelled": 3}
        assert [len(event.decision.attempts) for event in desk.events.events].count(1) == 1
        desk.adapters.script(MINI, parts("fresh") if streamed else answer("fresh"))
        await how()
        assert statuses(desk)["success"] == 1

    in_virtual_time(check)


def test_a_providers_failure_is_everybodys_and_nobody_asks_again() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, Slow(1.0, BAD))
        ended = await asyncio.gather(*[desk.whole(number / 100) for number in range(20)], return_exceptions=True)
        assert {type(each) for each in ended} == {LLMProviderError}
        assert len(desk.adapters.calls) == 1
        assert {(event.error_code, event.cached) for event in desk.events.events} == {("PROVIDER_ERROR", False)}
        desk.adapters.script(MINI, answer("well again"))
        assert (await desk.whole()).cache == "miss"

    in_virtual_time(check)


def test_a_stream_that_breaks_off_breaks_off_for_all_and_is_not_kept() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, (TextDelta("Hel"), Slow(1.0, BAD)))
        ended = await asyncio.gather(*[desk.streamed(number / 10) for number in range(3)], return_exceptions=True)
        assert {type(each) for each in ended} == {LLMProviderError}
        assert desk.store.get_stats().sets == 0
        desk.adapters.script(MINI, parts("well again"))
        assert text_of((await desk.streamed())[0]) == "well again"

    in_virtual_time(check)


class FirstIsSpentOut(LedgerBudget):
    """Refuses the first key that asks for money."""

    async def hold(self, payer: Payer, provider: ProviderConfig, bound: int | None, patience: float) -> LedgerEntry:
        if not self.entries:
            self.entries.append(LedgerEntry(payer.account_id, bound, closes=[0]))
            raise PaymentRequiredError("Daily budget exceeded.")
        return await super().hold(payer, provider, bound, patience)


def test_a_leaders_spent_budget_is_its_own_and_another_leads() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, Slow(1.0, answer("same")))
        desk.router._budget = FirstIsSpentOut()
        ended = await asyncio.gather(*[desk.whole() for _ in range(10)], return_exceptions=True)
        assert [type(each) for each in ended].count(PaymentRequiredError) == 1
        texts = [each.text for each in ended if not isinstance(each, BaseException)]
        assert texts == ["same"] * 9
        assert len(desk.adapters.calls) == 1

    in_virtual_time(check)


def test_a_leaders_deadline_is_its_own_and_another_leads() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, Slow(60.0, TimeoutError(60_000, provider=MINI)), Slow(1.0, answer("late")))
        leader, late = await asyncio.gather(desk.whole(), desk.whole(30.0), return_exceptions=True)
        assert isinstance(leader, TimeoutError)
        assert isinstance(late, LLMResponse)
        assert (late.text, desk.clock.now()) == ("late", 61.0)

    in_virtual_time(check)


class SilentCall:
    """A call whose provider says nothing, of a request that has ``left`` seconds."""

    def __init__(self, left: float) -> None:
        self.left = left

    async def parts(self) -> AsyncGenerator[AnswerPart, None]:
        await asyncio.Event().wait()
        yield TextDelta("never")

    def begun(self) -> Served:
        return Served("miss", MINI, "gpt-4o-mini")

    def served(self) -> Served | None:
        return self.begun()

    def patience(self) -> float:
        return self.left

    def too_late(self) -> LLMError:
        return TimeoutError(int(self.left * 1000), provider=MINI)

    def outlives(self) -> Callable[[], None]:
        raise AssertionError("the leader stays")


def test_a_followers_own_deadline_holds_behind_a_younger_leader() -> None:
    async def check(desk: FlightDesk) -> None:
        flights, leader, follower = Flights(), SilentCall(60.0), SilentCall(2.0)
        flight = flights.begin("key", leader, leader.parts())
        led = asyncio.create_task(anext(flight.read(leader)))
        with pytest.raises(TimeoutError):
            await anext(flight.read(follower))
        assert (desk.clock.now(), led.done(), len(flights)) == (2.0, False, 1)
        await flights.close()
        await asyncio.wait({led})
        assert (type(led.exception()), len(flights)) == (OverloadedError, 0)

    in_virtual_time(check)


class Torrent(SilentCall):
    """A call that brings two megabytes as fast as they are taken; ``brought`` counts its parts."""

    def __init__(self) -> None:
        super().__init__(60.0)
        self.brought = 0

    async def parts(self) -> AsyncGenerator[AnswerPart, None]:
        for _ in range(200):
            self.brought += 1
            yield TextDelta("x" * 10_000)
        yield parts()[-1]


def test_a_call_runs_little_ahead_of_who_reads_it_first_and_waits_for_nobody_else() -> None:
    async def check(desk: FlightDesk) -> None:
        flights, leader, follower = Flights(), Torrent(), SilentCall(60.0)
        flight = flights.begin("key", leader, leader.parts())
        slow, quick = flight.read(leader), flight.read(follower)
        await anext(slow)
        await desk.clock.sleep(1.0)
        assert leader.brought * 10_000 < MOST_AHEAD_BYTES + 20_000
        assert len([part async for part in quick]) == 201
        assert (leader.brought, len(flights)) == (200, 0)
        assert len([part async for part in slow]) == 200

    in_virtual_time(check)


def test_a_call_that_waits_for_a_reader_ends_with_it() -> None:
    async def check(desk: FlightDesk) -> None:
        flights, leader = Flights(), Torrent()
        flight = flights.begin("key", leader, leader.parts())
        reader = flight.read(leader)
        await anext(reader)
        await desk.clock.sleep(1.0)
        await reader.aclose()
        assert (leader.brought < 200, len(flights)) == (True, 0)

    in_virtual_time(check)


def test_what_is_kept_is_served_while_the_provider_is_away() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, answer("kept"))
        await desk.whole()
        upstream = desk.router.upstream_of(desk.config.snapshot().providers[0])
        assert upstream is not None
        upstream.breaker.force("OPEN", actor="test", reason="outage")
        assert (await desk.whole()).text == "kept"
        with pytest.raises(LLMError):
            await desk.whole(prompt="something else")

    in_virtual_time(check)


def test_an_entry_is_no_older_than_the_request_wants_it() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, answer("old"), answer("new"))
        await desk.whole()
        await desk.clock.sleep(30)
        assert (await desk.whole()).text == "old"
        assert (await desk.whole(cache=CachePolicy(ttl_seconds=10))).text == "new"

    in_virtual_time(check)


def test_a_purge_ends_what_was_kept_of_its_part_and_of_no_other() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, answer("acme old"), answer("rival old"), answer("acme new"))
        await desk.whole(account="acme")
        await desk.whole(account="rival")
        desk.config.replace(Snapshot(standard_providers(), revision=2, cache_marks={("acme", ""): 1}))
        assert (await desk.whole(account="acme")).text == "acme new"
        assert (await desk.whole(account="rival")).text == "rival old"

    in_virtual_time(check)


def test_what_is_under_way_at_a_purge_is_not_served_after_it() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, Slow(1.0, answer("old")), answer("new"))
        before = asyncio.create_task(desk.whole())
        await desk.clock.sleep(0.5)
        desk.config.replace(Snapshot(standard_providers(), revision=2, cache_marks={("", ""): 1}))
        assert (await desk.whole()).text == "new"
        assert (await before).text == "old"
        assert (await desk.whole()).text == "new"

    in_virtual_time(check)


def test_a_use_case_may_ask_for_it_and_a_request_may_forbid_it() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, answer("kept"), answer("fresh"))
        outcomes = [(await desk.whole(cache=wish)).cache for wish in (None, None, False)]
        assert outcomes == ["miss", "hit", UNSET]

    in_virtual_time(check, policies={"general": UseCasePolicy(cache_ttl_s=60)})


@pytest.mark.parametrize("finish", ["length", "content-filter"])
def test_what_was_cut_off_or_refused_is_not_kept(finish: FinishReason) -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, structs.replace(answer("half"), finish_reason=finish), answer("whole"))
        assert [(await desk.whole()).text for _ in range(3)] == ["half", "whole", "whole"]
        assert desk.cache.report().answers.unfit == 1

    in_virtual_time(check)
