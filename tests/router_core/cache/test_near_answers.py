"""Questions that say the same in other words: what does, what never does, and the review."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import UNSET

from router_core.cache.semantic import HashingEmbedder
from router_core.types import ImagePart, Message, Snapshot, TextPart, UseCasePolicy
from tests.support.core_fakes import answer, standard_providers
from tests.support.flight_desk import MINI, FlightDesk, in_virtual_time

NEAR = {"general": UseCasePolicy(cache_ttl_s=600, cache_similarity=0.6)}
ASKED = "Please tell me what a signal box is used for on a railway line"
SIMILAR = "Tell me please what a signal box is used for on a railway line"


async def outcomes(desk: FlightDesk, *asked: dict[str, Any]) -> list[Any]:
    desk.adapters.always(MINI, answer("it sets routes"))
    return [(await desk.whole(**{"cache": None, **each})).cache for each in asked]


def test_a_similar_question_gets_the_kept_answer_and_is_told_how_similar() -> None:
    async def check(desk: FlightDesk) -> None:
        desk.adapters.script(MINI, answer("it sets routes"))
        first = await desk.whole(prompt=ASKED, cache=None)
        again = await desk.whole(prompt=SIMILAR, cache=None, explain=True)
        assert (first.similarity, again.text, again.cache, again.cost.usd) == (
            UNSET,
            "it sets routes",
            "hit",
            "0.000000",
        )
        assert isinstance(again.similarity, float)
        assert 0.6 <= again.similarity < 1
        assert again.decision is not UNSET
        assert again.decision.similarity == again.similarity
        assert desk.cache.report().answers.similar == 1

    in_virtual_time(check, policies=NEAR)


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": SIMILAR, "system_prompt": "Be brief."}, {"prompt": SIMILAR, "account": "rival"},
        {"prompt": SIMILAR, "temperature": 0.1}, {"prompt": SIMILAR, "model_override": "gpt-4o-mini"},
        {"prompt": ASKED + " not"}, {"prompt": ASKED + " 17"}, {"prompt": "What time is it in the north of Norway?"},
        {"prompt": SIMILAR, "cache": False},
    ],
)  # fmt: skip
def test_whatever_else_differs_or_changes_the_sense_is_another_question(other: dict[str, Any]) -> None:
    async def check(desk: FlightDesk) -> None:
        assert (await outcomes(desk, {"prompt": ASKED}, other))[1] in {"miss", UNSET}

    in_virtual_time(check, policies=NEAR)


def test_it_is_off_unless_the_use_case_asks_for_it() -> None:
    async def check(desk: FlightDesk) -> None:
        assert await outcomes(desk, {"prompt": ASKED}, {"prompt": SIMILAR}) == ["miss", "miss"]

    in_virtual_time(check, policies={"general": UseCasePolicy(cache_ttl_s=600)})


def test_earlier_turns_and_pictures_must_be_the_same() -> None:
    async def check(desk: FlightDesk) -> None:
        def turns(first: str, last: Any) -> dict[str, Any]:
            said = Message(role="assistant", content="yes")
            return {"messages": (Message(role="user", content=first), said, Message(role="user", content=last))}

        seen = (TextPart(text=SIMILAR), ImagePart(image="https://example.com/a.png"))
        asked = [turns("one", ASKED), turns("one", SIMILAR), turns("other", SIMILAR), turns("one", seen)]
        assert (await outcomes(desk, *asked))[:3] == ["miss", "hit", "miss"]

    in_virtual_time(check, policies=NEAR)


def test_a_match_that_is_called_wrong_is_served_no_more_and_counted() -> None:
    async def check(desk: FlightDesk) -> None:
        assert await outcomes(desk, {"prompt": ASKED}, {"prompt": SIMILAR}) == ["miss", "hit"]
        (match,) = desk.cache.matches()
        assert (match.asked, match.answered, match.account_id) == (None, None, "acme")
        desk.config.replace(Snapshot(standard_providers(), policies=NEAR, content_accounts=frozenset({"acme"})))
        (match,) = desk.cache.matches()
        assert (match.asked, match.answered) == (SIMILAR, ASKED)
        assert await desk.cache.call_wrong(match.id)
        assert not await desk.cache.call_wrong("nothing")
        assert [each.wrong for each in desk.cache.matches()] == [True]
        assert desk.cache.report().answers.wrong == 1
        assert await outcomes(desk, {"prompt": SIMILAR}) == ["miss"]

    in_virtual_time(check, policies=NEAR)


def length(direction: Mapping[int, float]) -> float:
    return sum(each * each for each in direction.values())


async def test_directions_have_length_one_and_texts_without_words_point_nowhere() -> None:
    embed = HashingEmbedder().embed
    assert length(await embed(ASKED)) == pytest.approx(1)
    assert await embed(ASKED) == await embed(ASKED.upper())
    assert dict(await embed("  ?! ")) == {}
