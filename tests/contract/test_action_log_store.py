"""The action log's contract."""

from typing import Any

import pytest
from msgspec import structs

from router_core.errors import ValidationError
from router_core.types import OperatorAction
from tests.support.store_kinds import NOW, Stores, later


def action(id: str, **changes: Any) -> OperatorAction:
    """Return the reset of a breaker."""
    plain = OperatorAction(
        id=id,
        at=NOW,
        actor="ann@example.com",
        actor_id="u1",
        role="operator",
        action="breaker.reset",
        target="openai:abc:gpt-4o",
        detail={"reason": "it is up again", "calls": 3, "share": 0.5, "forced": True, "until": None},
    )
    return structs.replace(plain, **changes)


async def ids(stores: Stores, limit: int = 100) -> list[str]:
    return [row.id for row in await stores.actions.recent(limit)]


async def test_an_action_is_read_back_as_it_was(stores: Stores) -> None:
    await stores.actions.append(action("a"))
    by_itself = action("b", at=later(1), actor="system", role=None, detail={})
    await stores.actions.append(by_itself)
    assert list(await stores.actions.recent(10)) == [by_itself, action("a")]


async def test_the_newest_come_first_and_no_more_than_asked_for(stores: Stores) -> None:
    for id, at in (("b", 1), ("a", 0), ("c", 1), ("d", 2)):
        await stores.actions.append(action(id, at=later(at)))
    assert await ids(stores) == ["d", "c", "b", "a"]
    assert await ids(stores, 2) == ["d", "c"]


async def test_acts_may_be_read_by_what_they_are_about(stores: Stores) -> None:
    verbs = {"a": "breaker.reset", "b": "prices.set", "c": "breakers.set", "d": "drill.started", "e": "breaker_x.y"}
    for id, verb in verbs.items():
        await stores.actions.append(action(id, action=verb))
    assert [row.id for row in await stores.actions.recent(10, ("breaker", "drill"))] == ["d", "a"]
    assert [row.id for row in await stores.actions.recent(1, ("breaker", "prices"))] == ["b"]


@pytest.mark.parametrize(
    ("changes", "field"), [({"role": "king"}, "role"), ({"action": ""}, "action"), ({"id": ""}, "id"), ({}, "id")]
)
async def test_a_wrong_action_is_refused_by_field_name(stores: Stores, changes: dict[str, Any], field: str) -> None:
    await stores.actions.append(action("a"))
    with pytest.raises(ValidationError) as caught:
        await stores.actions.append(action(**({"id": "new"} | changes if changes else {"id": "a"})))
    assert caught.value.field == field
    assert await ids(stores) == ["a"]


@pytest.mark.parametrize("detail", [{"reason": "nul\x00"}, {"key \ud800": 1}, {"share": float("nan")}])
async def test_a_detail_that_one_database_cannot_hold_is_refused_by_all(stores: Stores, detail: Any) -> None:
    with pytest.raises(ValidationError, match="must"):
        await stores.actions.append(action("a", detail=detail))
    assert await ids(stores) == []
