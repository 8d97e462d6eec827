"""A draft that is put on what somebody else changed meanwhile keeps its own changes and gives way to theirs."""

from typing import Any

import pytest

from router_core.configuration.changes import changes_between
from router_core.configuration.rebasing import rebased


def row(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"id-{name}", "name": name, "weight": 100, "limits": {"burst": None, "rate": None}, **fields}


def document(*rows: dict[str, Any], **preferences: str) -> dict[str, Any]:
    return {"preferences": preferences, "providers": list(rows)}


BASE = document(row("a"), row("b"), general="m1")


def test_changes_of_different_fields_are_both_kept_also_within_a_group() -> None:
    mine = document(row("a", weight=1, limits={"burst": 5, "rate": None}), row("b"), general="m1", draft="m2")
    theirs = document(row("a", limits={"burst": None, "rate": 7}), row("b"), general="m3")
    made = rebased(BASE, mine, theirs)
    assert made.given_up == ()
    assert made.document == document(
        row("a", weight=1, limits={"burst": 5, "rate": 7}), row("b"), general="m3", draft="m2"
    )


def test_where_both_changed_a_field_theirs_stays_and_is_named() -> None:
    made = rebased(BASE, document(row("a", weight=1), row("b"), general="m2"), document(row("a", weight=2), row("b")))
    assert made.given_up == ("preferences.general", "providers[a].weight")
    assert made.document == document(row("a", weight=2), row("b"))


@pytest.mark.parametrize("who", ["mine", "theirs"])
def test_a_row_that_one_deleted_is_gone_unless_the_other_changed_it(who: str) -> None:
    gone, changed = document(row("b"), general="m1"), document(row("a", weight=3), row("b"), general="m1")
    assert rebased(BASE, *(gone, BASE) if who == "mine" else (BASE, gone)).document == gone
    made = rebased(BASE, *(gone, changed) if who == "mine" else (changed, gone))
    assert made.given_up == ("providers[a]",)
    assert made.document == (changed if who == "mine" else gone)


def test_new_rows_of_both_are_kept_and_an_order_that_one_changed_stays() -> None:
    mine = document(row("b"), row("a"), row("mine"), general="m1")
    made = rebased(BASE, mine, document(row("a"), row("b", weight=2), general="m1")).document
    assert [each["name"] for each in made["providers"]] == ["b", "a", "mine"]
    made = rebased(BASE, mine, document(row("a"), row("b"), row("theirs"), general="m1")).document
    assert [each["name"] for each in made["providers"]] == ["a", "b", "theirs", "mine"]


def test_a_renamed_row_is_still_the_same_one() -> None:
    mine = document({**row("a"), "name": "new"}, row("b"), general="m1")
    made = rebased(BASE, mine, document(row("a", weight=2), row("b"), general="m1"))
    assert made.given_up == ()
    assert [each.path for each in changes_between(BASE, made.document)] == ["providers[a].name", "providers[a].weight"]
