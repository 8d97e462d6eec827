"""The facade of the configuration: reviewed, applied whole, guarded against each other, rolled back, on record."""

import copy
from typing import Any

import pytest

from router_core.configuration.findings import WrongConfigurationError
from router_core.errors import ConflictError, ForbiddenError, NotFoundError, OverloadedError, ValidationError
from router_core.selection import select
from router_core.types import Canary, Flags, UseCasePolicy
from tests.support.configuration_desk import DeskRig, configuration_desk
from tests.support.core_fakes import ask
from tests.support.operator_desk import operator
from tests.support.provider_key_rows import provider_key

ADMIN = operator("admin", "ann@example.com")
BOB = operator("admin", "bob@example.com")


@pytest.fixture
def rig() -> DeskRig:
    return configuration_desk()


async def document(rig: DeskRig, **changes: Any) -> dict[str, Any]:
    """Return a copy of the document in force with fields of its first provider changed."""
    found: dict[str, Any] = copy.deepcopy(dict((await rig.desk.current(ADMIN)).document))
    found["providers"][0].update(changes)
    return found


async def test_what_is_in_force_can_be_put_in_force_and_changes_nothing(rig: DeskRig) -> None:
    applied = await rig.desk.apply(await document(rig), ADMIN)
    assert (applied.changed, applied.revision, applied.changes) == (False, 1, ())
    assert rig.log.taken == []


async def test_an_applied_document_is_a_version_with_its_author_and_the_diff_on_record(rig: DeskRig) -> None:
    applied = await rig.desk.apply(await document(rig, weight=5), ADMIN, base=1, note=" for the autumn ")
    assert (applied.changed, applied.revision) == (True, 2)
    version = await rig.desk.version(2, ADMIN)
    assert (version.actor, version.note, version.base) == ("ann@example.com", "for the autumn", 1)
    act = rig.log.taken[-1]
    assert act.action == "configuration.applied"
    assert act.before == {"providers[openai-gpt4o-mini].weight": 100}
    assert act.after == {"providers[openai-gpt4o-mini].weight": 5}


async def test_all_faults_come_at_once_each_with_its_field(rig: DeskRig) -> None:
    wrong = await document(rig, weight=-1, maxTokens="many", colour="red")
    wrong["providers"][1].update(kind="acme")
    with pytest.raises(WrongConfigurationError) as refused:
        await rig.desk.apply(wrong, ADMIN)
    assert {each.path for each in refused.value.findings} == {
        "providers[openai-gpt4o-mini].maxTokens",
        "providers[openai-gpt4o-mini].colour",
        "providers[openai-gpt4o].kind",
    }
    assert len(refused.value.context["faults"]) == 3
    assert rig.store.snapshot().revision == 1


async def test_a_dry_run_says_what_would_change_and_changes_nothing(rig: DeskRig) -> None:
    applied = await rig.desk.apply(await document(rig, weight=5), ADMIN, dry_run=True)
    assert (applied.changed, applied.dry_run) == (True, True)
    assert [each.path for each in applied.changes] == ["providers[openai-gpt4o-mini].weight"]
    assert rig.store.snapshot().revision == 1
    assert rig.log.taken == []


async def test_a_document_made_before_somebody_elses_change_is_refused_with_who_what_and_when(rig: DeskRig) -> None:
    mine = await document(rig, weight=5)
    await rig.desk.apply(await document(rig, maxTokens=7), BOB)
    with pytest.raises(ConflictError) as refused:
        await rig.desk.apply(mine, ADMIN, base=1)
    facts = refused.value.context
    assert facts["changedBy"] == "bob@example.com"
    assert facts["changes"] == ["providers[openai-gpt4o-mini].maxTokens"]
    assert facts["revision"] == 2
    assert "bob@example.com" in refused.value.message
    assert rig.store.snapshot().providers[0].max_tokens == 7
    assert rig.store.snapshot().providers[0].weight == 100


@pytest.mark.parametrize("base", [3, 999_999, 10**30])
async def test_a_base_that_this_store_never_had_is_a_conflict_and_changes_nothing(rig: DeskRig, base: int) -> None:
    same = await document(rig)
    mine = await document(rig, weight=5)
    await rig.desk.apply(await document(rig, maxTokens=7), BOB)
    for call in (
        rig.desk.apply(mine, ADMIN, base=base),
        rig.desk.apply(mine, ADMIN, base=base, dry_run=True),
        rig.desk.apply(same, ADMIN, base=base),
        rig.desk.rollback(1, ADMIN, base=base),
        rig.desk.keep_draft(mine, base, ADMIN),
    ):
        with pytest.raises(ConflictError, match=f"revision {base} is not one of this store, which is at 2"):
            await call
    assert rig.store.snapshot().revision == 2
    assert await rig.desk.draft(ADMIN) is None


async def test_a_base_below_nothing_is_a_fault_of_the_caller(rig: DeskRig) -> None:
    mine = await document(rig, weight=5)
    for call in (
        rig.desk.apply(mine, ADMIN, base=-1),
        rig.desk.rollback(1, ADMIN, base=-1),
        rig.desk.keep_draft(mine, -1, ADMIN),
    ):
        with pytest.raises(ValidationError) as refused:
            await call
        assert refused.value.field == "base"


async def test_a_revision_that_has_not_come_yet_is_not_found(rig: DeskRig) -> None:
    await rig.desk.apply(await document(rig, weight=5), ADMIN)
    for call in (
        rig.desk.version(3, ADMIN),
        rig.desk.version(0, ADMIN),
        rig.desk.rollback(3, ADMIN),
        rig.desk.compare(1, 3, ADMIN),
        rig.desk.compare(3, None, ADMIN),
    ):
        with pytest.raises(NotFoundError):
            await call
    assert rig.store.snapshot().revision == 2


async def test_without_a_base_a_document_is_put_over_what_is_in_force(rig: DeskRig) -> None:
    mine = await document(rig, weight=5)
    await rig.desk.apply(await document(rig, maxTokens=7), BOB)
    assert (await rig.desk.apply(mine, ADMIN)).revision == 3
    assert rig.store.snapshot().providers[0].max_tokens == 16_384


async def test_a_rollback_is_an_older_document_as_a_new_version(rig: DeskRig) -> None:
    await rig.desk.apply(await document(rig, weight=5), ADMIN)
    await rig.desk.set_flags({"openai": False}, ADMIN)
    applied = await rig.desk.rollback(1, BOB)
    assert applied.revision == 4
    newest = await rig.desk.version(4, ADMIN)
    assert (newest.restored, newest.base, newest.actor) == (1, 3, "bob@example.com")
    assert newest.document == (await rig.desk.version(1, ADMIN)).document
    assert rig.log.verbs[-1] == "configuration.rolled_back"
    assert not (await rig.desk.rollback(1, BOB)).changed


async def test_a_rollback_keeps_the_keys_that_rows_have_now(rig: DeskRig) -> None:
    row = rig.store.snapshot().providers[0]
    await rig.desk.apply(await document(rig, weight=5), ADMIN)
    rig.store.swap_keys([provider_key("k1", row.id)])
    await rig.desk.rollback(1, ADMIN)
    assert rig.store.snapshot().providers[0].weight == row.weight
    assert rig.store.snapshot().provider_keys == {row.id: (provider_key("k1", row.id),)}


async def test_one_row_is_added_changed_and_deleted_by_its_version(rig: DeskRig) -> None:
    entry = {
        "name": "own", "kind": "openai", "model": "gpt-4o", "useCases": ["tickets"], "maxTokens": 10,
        "contextWindow": 20,
    }  # fmt: skip
    assert (await rig.desk.add_provider(entry, ADMIN)).changed
    with pytest.raises(ConflictError):
        await rig.desk.add_provider(entry, ADMIN)
    view = await rig.desk.provider("own", ADMIN)
    assert (view.version, view.key.source) == (1, "environment")
    await rig.desk.change_provider("own", {**view.entry, "weight": 3}, 1, ADMIN)
    with pytest.raises(ConflictError) as refused:
        await rig.desk.change_provider("own", {**view.entry, "weight": 4}, 1, BOB)
    assert refused.value.context["changedBy"] == "ann@example.com"
    assert refused.value.context["changes"] == ["providers[own].weight"]
    with pytest.raises(ConflictError):
        await rig.desk.delete_provider("own", 1, BOB)
    await rig.desk.delete_provider("own", 2, BOB)
    with pytest.raises(NotFoundError):
        await rig.desk.provider("own", ADMIN)
    assert rig.log.verbs == ["provider.added", "provider.changed", "provider.deleted"]


NAMED = UseCasePolicy(
    strategy="weighted", order=("openai-gpt4o-mini", "openai-gpt4o"), weights={"openai-gpt4o-mini": 7},
    canary=Canary("openai-gpt4o-mini", 50),
)  # fmt: skip


@pytest.mark.parametrize("way", ["document", "row"])
async def test_a_provider_that_takes_another_name_keeps_its_place_in_every_policy(rig: DeskRig, way: str) -> None:
    await rig.store.put_policy("draft", NAMED)
    wanted = await document(rig, name="mini")
    if way == "document":
        applied = await rig.desk.apply(wanted, ADMIN)
    else:
        applied = await rig.desk.change_provider("openai-gpt4o-mini", wanted["providers"][0], 1, ADMIN)
    assert {each.path for each in applied.changes} >= {"policies[draft].order", "providers[openai-gpt4o-mini].name"}
    assert rig.store.snapshot().policies["draft"] == UseCasePolicy(
        strategy="weighted", order=("mini", "openai-gpt4o"), weights={"mini": 7}, canary=Canary("mini", 50)
    )


async def test_a_name_that_went_to_another_row_is_that_rows_and_one_that_is_named_already_stands_once(
    rig: DeskRig,
) -> None:
    await rig.store.put_policy("draft", NAMED)
    wanted = await document(rig)
    first, second, *_ = wanted["providers"]
    first["name"], second["name"] = second["name"], first["name"]
    await rig.desk.apply(wanted, ADMIN)
    assert rig.store.snapshot().policies["draft"] == NAMED
    wanted = await document(rig, name="mini")
    wanted["policies"]["draft"]["order"] = ["mini", "openai-gpt4o", "openai-gpt4o-mini"]
    await rig.desk.apply(wanted, ADMIN)
    assert rig.store.snapshot().policies["draft"].order == ("mini", "openai-gpt4o-mini")


async def test_a_deleted_provider_that_a_policy_names_is_a_warning_and_the_use_case_is_served_on(rig: DeskRig) -> None:
    await rig.store.put_policy("draft", UseCasePolicy(order=("openai-gpt4o",), canary=Canary("openai-gpt4o", 50)))
    wanted = await document(rig)
    del wanted["providers"][1]
    review = await rig.desk.review(wanted, ADMIN)
    assert ("policies[draft].canary.provider", "there is no provider 'openai-gpt4o'") in [
        (each.path, each.message) for each in review.findings
    ]
    assert review.valid
    await rig.desk.apply(wanted, ADMIN)
    plan = select(ask(use_case="draft"), rig.store.snapshot(), None, lambda _: None)
    assert [each.provider.name for each in plan.candidates] == ["anthropic-claude-haiku-4-5", "openai-gpt4o-mini"]


async def test_the_last_default_provider_cannot_be_deleted(rig: DeskRig) -> None:
    with pytest.raises(WrongConfigurationError, match="default"):
        await rig.desk.delete_provider("openai-gpt4o-mini", 1, ADMIN)


async def test_a_key_is_shown_as_where_it_comes_from_and_its_mask(rig: DeskRig) -> None:
    keyless = configuration_desk(without_key=["openai-gpt4o"])
    first, second, *_ = await keyless.desk.providers(ADMIN)
    assert (first.key.source, first.key.mask) == ("environment", "sk-op...mini")
    assert (second.key.source, second.key.mask) == ("none", "")
    assert all("sealedKey" not in each.entry for each in await rig.desk.providers(ADMIN))


async def test_a_draft_survives_wrong_as_it_is_and_says_what_is_wrong(rig: DeskRig) -> None:
    assert await rig.desk.draft(ADMIN) is None
    view = await rig.desk.keep_draft(await document(rig, weight=-1), 1, ADMIN)
    assert not view.review.valid
    again = await rig.desk.draft(ADMIN)
    assert again == view
    assert await rig.desk.draft(BOB) is None
    with pytest.raises(WrongConfigurationError):
        await rig.desk.apply_draft(ADMIN)
    assert await rig.desk.draft(ADMIN) is not None
    assert rig.store.snapshot().revision == 1


async def test_a_draft_that_is_applied_is_gone_and_one_that_was_overtaken_says_so(rig: DeskRig) -> None:
    await rig.desk.keep_draft(await document(rig, weight=5), 1, ADMIN, "my note")
    await rig.desk.keep_draft(await document(rig, weight=6), 1, BOB)
    assert (await rig.desk.apply_draft(ADMIN)).revision == 2
    assert await rig.desk.draft(ADMIN) is None
    assert (await rig.desk.version(2, ADMIN)).note == "my note"
    overtaken = await rig.desk.draft(BOB)
    assert overtaken is not None
    assert overtaken.stale
    with pytest.raises(ConflictError):
        await rig.desk.apply_draft(BOB)
    assert await rig.desk.drop_draft(BOB)
    with pytest.raises(NotFoundError):
        await rig.desk.apply_draft(BOB)


async def test_versions_are_compared_field_by_field_and_listed_page_by_page(rig: DeskRig) -> None:
    await rig.desk.apply(await document(rig, weight=5), ADMIN)
    await rig.desk.set_flags({"openai": False}, ADMIN)
    found = await rig.desk.compare(1, None, ADMIN)
    assert [(each.path, each.old, each.new) for each in found.changes] == [
        ("flags.openai", True, False), ("providers[openai-gpt4o-mini].weight", 100, 5),
    ]  # fmt: skip
    page = await rig.desk.versions(ADMIN, limit=2)
    assert ([each.revision for each in page.versions], page.next) == ([3, 2], 2)
    last = await rig.desk.versions(ADMIN, before=page.next, limit=2)
    assert ([each.revision for each in last.versions], last.next) == ([1], None)


async def test_nothing_is_changed_that_cannot_be_put_on_record(rig: DeskRig) -> None:
    rig.log.down = True
    with pytest.raises(OverloadedError):
        await rig.desk.set_flags({"llm": False}, ADMIN)
    assert rig.store.snapshot().flags == Flags()


async def test_a_switch_that_does_not_exist_is_refused_and_the_others_stay(rig: DeskRig) -> None:
    await rig.desk.set_flags({"openai": False}, ADMIN)
    await rig.desk.set_flags({"anthropic": False}, ADMIN)
    assert rig.store.snapshot().flags == Flags(openai=False, anthropic=False)
    with pytest.raises(WrongConfigurationError) as refused:
        await rig.desk.set_flags({"opneai": True}, ADMIN)
    assert refused.value.findings[0].path == "flags.opneai"
    assert "did you mean openai?" in refused.value.findings[0].message


async def test_a_connection_is_tested_for_saved_rows_and_for_ones_that_are_not(rig: DeskRig) -> None:
    assert (await rig.desk.test_provider("openai-gpt4o", ADMIN)).latency_ms == 12.5
    entry = dict((await rig.desk.provider("openai-gpt4o", ADMIN)).entry)
    await rig.desk.test_entry({**entry, "model": "gpt-5"}, ADMIN)
    assert [row.model for row in rig.asked] == ["gpt-4o", "gpt-5"]
    with pytest.raises(WrongConfigurationError, match="not allowed"):
        await rig.desk.test_entry({**entry, "baseUrl": "http://169.254.169.254/v1"}, ADMIN)
    assert len(rig.asked) == 2
    assert rig.log.verbs == ["provider.tested"] * 2


async def test_only_those_who_may_edit_providers_get_anywhere(rig: DeskRig) -> None:
    person, desk = operator("analyst"), rig.desk
    calls = [
        desk.current(person), desk.providers(person), desk.provider("x", person), desk.add_provider({}, person),
        desk.change_provider("x", {}, 1, person), desk.delete_provider("x", 1, person),
        desk.set_flags({}, person), desk.review({}, person), desk.apply({}, person), desk.rollback(1, person),
        desk.versions(person), desk.version(1, person), desk.compare(1, None, person), desk.draft(person),
        desk.keep_draft({}, 1, person), desk.drop_draft(person), desk.apply_draft(person),
        desk.test_provider("x", person), desk.test_entry({}, person),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ForbiddenError):
            await call


@pytest.mark.parametrize("note", ["two\nlines", "x" * 501])
async def test_a_note_is_one_short_line(rig: DeskRig, note: str) -> None:
    with pytest.raises(ValidationError, match="note"):
        await rig.desk.apply(await document(rig, weight=5), ADMIN, note=note)
