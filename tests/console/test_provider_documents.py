"""Changes of a configuration's document, without a screen."""

from typing import Any

from console.providers.documents import (
    candidates,
    copy_of,
    grave_changes,
    is_shaped,
    new_row,
    with_policy_value,
    with_row,
    with_row_value,
)
from console.providers.words import named_change
from router_core.configuration.changes import changes_between


def row(name: str, model: str = "m", **fields: Any) -> dict[str, Any]:
    return {**new_row(f"id-{name}", name, "openai", model), "useCases": ["draft"], **fields}


def document(*rows: dict[str, Any], policies: dict[str, Any] | None = None) -> dict[str, Any]:
    flags = {"llm": True, "openai": True, "anthropic": True}
    return {"flags": flags, "preferences": {"draft": "best"}, "policies": policies or {}, "providers": list(rows)}


def test_use_cases_that_name_a_provider_follow_its_new_name() -> None:
    policy = {"order": ["a", "b"], "weights": {"a": 3}, "canary": {"provider": "a", "percent": 5}}
    made = with_row_value(document(row("a"), row("b"), policies={"draft": policy}), "id-a", "name", "new")
    assert made["policies"]["draft"] == {
        "order": ["new", "b"], "weights": {"new": 3}, "canary": {"provider": "new", "percent": 5},
    }  # fmt: skip


def test_candidates_stand_as_the_policy_orders_them_and_the_preferred_model_before_the_rest() -> None:
    rows = row("default", isDefault=True), row("other", useCases=[]), row("plain"), row("best", "best")
    assert [each["name"] for each in candidates(document(*rows), "draft")] == ["best", "plain", "default"]
    ordered = with_policy_value(document(*rows), "draft", "order", ["other", "default"])
    assert [each["name"] for each in candidates(ordered, "draft")] == ["other", "default", "best", "plain"]


def test_a_policy_that_says_nothing_any_more_is_left_out() -> None:
    made = with_policy_value(document(row("a")), "draft", "hedge", True)
    assert made["policies"]["draft"]["hedge"] is True
    assert with_policy_value(made, "draft", "hedge", False)["policies"] == {}


def test_a_copy_has_a_name_of_its_own_and_is_no_default() -> None:
    start = document(row("a", isDefault=True))
    once = with_row(start, copy_of(start, "id-a", "id-2"))
    twice = with_row(once, copy_of(once, "id-a", "id-3"))
    assert [(each["name"], each["isDefault"]) for each in twice["providers"]] == [
        ("a", True), ("a-copy", False), ("a-copy-2", False),
    ]  # fmt: skip


def test_what_takes_something_out_of_service_is_named() -> None:
    old = document(row("a"), row("b"), row("c", weight=1))
    new = {**document(row("a", isActive=False), row("c", weight=2)), "flags": {**old["flags"], "openai": False}}
    assert sorted(grave_changes(changes_between(old, new))) == [
        "a is disabled", "b is deleted", "openai is switched off",
    ]  # fmt: skip


def test_a_document_without_its_sections_is_not_shown() -> None:
    assert is_shaped(document(row("a")))
    assert not is_shaped({**document(), "providers": [{"name": 7}]})
    assert not is_shaped({"providers": []})


def test_a_change_of_a_tool_server_is_told_by_its_name() -> None:
    assert named_change("toolServers[docs].accounts") == ("Tool server docs", "Accounts")
    assert named_change("toolServers[docs]") == ("Tool server docs", "")
