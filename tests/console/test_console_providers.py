"""The Providers screen, run as Streamlit runs it, on the real facade over memory stores."""

from typing import Any

import pytest
from msgspec import structs

from router_core.types import Flags
from signalbox.config_file import write_config
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import OWNER, FakeBackend
from tests.console.provider_runs import (
    BOB,
    MINI,
    SONNET,
    bob_changes_weight,
    draft_of,
    edit,
    field,
    in_force,
    row_id,
    run,
    said,
)


def test_every_provider_is_shown_with_its_state_key_and_capabilities_and_the_revision(
    open_console: OpenConsole,
) -> None:
    app = open_console(FakeBackend(), page="providers")
    assert not app.exception
    shown = said(app)
    for part in (MINI, SONNET, "claude-sonnet-4-5", "JSON schema", "environment", "Revision 1", "every account"):
        assert part in shown.replace("\\\\-", "-").replace("\\\\.", "."), part


def test_an_edit_goes_into_the_draft_and_its_difference_is_shown(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend)
    app.number_input(key=field(backend, "weight")).set_value(40).run()
    assert not app.exception
    assert "Unsaved changes: 1" in said(app)
    shown = said(app)
    assert "Weight" in shown
    assert ">100<" in shown
    assert ">40<" in shown
    assert in_force(backend).weight == 100
    assert draft_of(backend).draft.document["providers"][0]["weight"] == 40


def test_the_draft_is_there_after_leaving_and_signing_in_again(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend)
    app.text_input(key=field(backend, "model")).set_value("gpt-4.1-mini").run()
    again = open_console(backend, page="providers")
    assert "Unsaved changes: 1" in said(again)
    assert "Changed in your draft" in said(again)
    backend.people["owner-token"] = BOB
    other = open_console(backend, page="providers")
    assert "Unsaved changes" not in said(other)


def test_a_change_taken_back_leaves_no_draft(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend)
    app.toggle(key=field(backend, "capabilities.tools")).set_value(False).run()
    app.toggle(key=field(backend, "capabilities.tools")).set_value(True).run()
    assert "Unsaved changes" not in said(app)
    assert draft_of(backend) is None


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("weight", -1, "Must be within 0 and 1,000,000"),
        ("weight", None, "Is needed"),
        ("limits.burst", 5, "Needs requests a second"),
        ("contextWindow", 5, "Must be at least the largest output"),
    ],
)
def test_a_fault_stands_at_its_field_and_nothing_can_be_applied(
    open_console: OpenConsole, path: str, value: int | None, fault: str
) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend)
    app.number_input(key=field(backend, path)).set_value(value).run()
    assert not app.exception
    assert any(fault in each.value for each in app.markdown)
    assert any(fault in each.value for each in app.error)
    assert app.button(key="providers_apply").disabled


def test_applying_puts_the_draft_in_force_with_its_note(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend)
    app.number_input(key=field(backend, "weight")).set_value(40).run()
    app.button(key="providers_apply").click().run()
    app.text_input(key="providers_note").set_value("less traffic").run()
    app.button(key="providers_do").click().run()
    assert not app.exception
    assert in_force(backend).weight == 40
    assert draft_of(backend) is None
    assert "Revision 2" in said(app)
    (newest, _) = run(backend.configuration.versions(OWNER)).versions
    assert (newest.actor, newest.note) == (OWNER.name, "less traffic")
    assert [each.action for each in backend.rig.log.taken] == ["configuration.applied"]


def test_what_takes_something_out_of_service_is_applied_with_a_typed_word_only(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend, SONNET)
    app.toggle(key=field(backend, "isActive", SONNET)).set_value(False).run()
    app.button(key="providers_apply").click().run()
    assert app.button(key="providers_do").disabled
    app.text_input(key="providers_confirm").set_value("apply").run()
    app.button(key="providers_do").click().run()
    assert not in_force(backend, SONNET).is_active


def test_another_admins_change_is_reported_and_taken_up_and_nothing_is_overwritten(
    open_console: OpenConsole,
) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend)
    app.number_input(key=field(backend, "weight")).set_value(40).run()
    app.number_input(key=field(backend, "limits.maxConcurrency")).set_value(9).run()
    bob_changes_weight(backend, 70)
    app.run()
    warned = "\n".join(each.value for each in app.warning)
    assert "bob" in warned
    assert "less of it" in warned
    assert app.button(key="providers_apply").disabled
    assert ">70<" not in said(app)
    app.button(key="providers_look").click().run()
    shown = said(app)
    assert ">70<" in shown
    assert "Calls at once" in shown
    app.button(key="providers_take").click().run()
    assert not app.exception
    assert "Unsaved changes: 1" in said(app)
    assert any("Weight" in each.value for each in app.toast)
    app.button(key="providers_apply").click().run()
    app.button(key="providers_do").click().run()
    assert (in_force(backend).weight, in_force(backend).limits.max_concurrency) == (70, 9)


def test_a_change_in_the_moment_of_applying_is_refused_and_reported(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend)
    app.number_input(key=field(backend, "weight")).set_value(40).run()
    app.button(key="providers_apply").click().run()
    bob_changes_weight(backend, 70)
    app.button(key="providers_do").click().run()
    assert any("Nothing was applied" in each.value for each in app.warning)
    assert any("bob" in each.value for each in app.warning)
    assert in_force(backend).weight == 70


def test_the_views_of_two_screens_do_not_disturb_each_other(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), page="budgets", view="Prices")
    app.switch_page("../pages/providers.py").run()
    assert not app.exception
    assert "Switches" in said(app)


def test_discarding_asks_first(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend)
    app.number_input(key=field(backend, "weight")).set_value(40).run()
    app.button(key="providers_discard").click().run()
    assert draft_of(backend) is not None
    app.button(key="providers_do").click().run()
    assert draft_of(backend) is None
    assert app.number_input(key=field(backend, "weight")).value == 100


@pytest.mark.parametrize("act", ["disable", "delete"])
def test_disabling_and_deleting_need_the_name_typed_and_leave_the_draft_as_it_is(
    open_console: OpenConsole, act: str
) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend)
    app.number_input(key=field(backend, "weight")).set_value(40).run()
    app.button(key="providers_back").click().run()
    app = edit(app, backend, SONNET)
    app.button(key=f"providers_{act}").click().run()
    assert app.button(key="providers_do").disabled
    app.text_input(key="providers_confirm").set_value("another").run()
    assert app.button(key="providers_do").disabled
    app.text_input(key="providers_confirm").set_value(SONNET).run()
    app.button(key="providers_do").click().run()
    assert not app.exception
    rows = {row.name: row.is_active for row in backend.rig.store.snapshot().providers}
    assert rows.get(SONNET, False) is False
    assert (SONNET in rows) == (act == "disable")
    view = draft_of(backend)
    assert not view.stale
    assert [each.path for each in view.review.changes] == [f"providers[{MINI}].weight"]


def test_a_switch_is_turned_off_with_its_name_typed_and_on_without(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = open_console(backend, page="providers")
    app.button(key="providers_switch_openai").click().run()
    assert app.button(key="providers_do").disabled
    app.text_input(key="providers_confirm").set_value("OpenAI").run()
    app.button(key="providers_do").click().run()
    assert backend.rig.store.snapshot().flags == Flags(openai=False)
    app.button(key="providers_switch_openai").click().run()
    app.button(key="providers_do").click().run()
    assert backend.rig.store.snapshot().flags == Flags()


def test_a_provider_is_added_and_copied_in_the_draft(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = open_console(backend, page="providers")
    app.button(key="providers_add").click().run()
    app.text_input(key="providers_new_name").set_value("mine").run()
    app.text_input(key="providers_new_model").set_value("gpt-4.1").run()
    app.button(key="providers_do").click().run()
    assert not app.exception
    app.button(key="providers_copy").click().run()
    assert not app.exception
    names = [row["name"] for row in draft_of(backend).draft.document["providers"]]
    assert names[-2:] == ["mine", "mine-copy"]
    assert draft_of(backend).review.valid
    app.button(key="providers_remove").click().run()
    assert [row["name"] for row in draft_of(backend).draft.document["providers"]][-1] == "mine"


def test_a_connection_is_tested_as_it_is_in_force_and_as_it_is_in_the_draft(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = open_console(backend, page="providers")
    app.button(key=f"providers_test_{row_id(backend)}").click().run()
    assert any("Answered in" in each.value for each in app.success)
    app = edit(app, backend)
    app.text_input(key=field(backend, "model")).set_value("gpt-4.1-mini").run()
    app.button(key=f"providers_editor_test_{row_id(backend)}").click().run()
    assert [row.model for row in backend.rig.asked] == ["gpt-4o-mini", "gpt-4.1-mini"]
    app.text_input(key=field(backend, "baseUrl")).set_value("http://10.0.0.1/v1").run()
    app.button(key=f"providers_editor_test_{row_id(backend)}").click().run()
    assert any("was not tested" in each.value for each in app.error)
    assert len(backend.rig.asked) == 2


def test_the_order_strategy_and_canary_of_a_use_case_are_changed_without_a_mouse_drag(
    open_console: OpenConsole,
) -> None:
    backend = FakeBackend()
    app = open_console(backend, page="providers", view="Use cases", use_case="draft")
    assert not app.exception
    app.button(key=f"providers_up_draft_{MINI}").click().run()
    app.selectbox(key="providers_use_case_draft_strategy").set_value("weighted").run()
    app.number_input(key=f"providers_weight_draft_{MINI}_weight").set_value(7).run()
    app.selectbox(key="providers_use_case_draft_canary.provider").set_value(SONNET).run()
    app.selectbox(key="providers_preference_draft_model").set_value("gpt-4o-mini").run()
    assert not app.exception
    document = draft_of(backend).draft.document
    policy = document["policies"]["draft"]
    assert policy["strategy"] == "weighted"
    assert next(iter(policy["order"])) == MINI
    assert policy["weights"] == {MINI: 7}
    assert policy["canary"] == {"provider": SONNET, "percent": 5}
    assert document["preferences"]["draft"] == "gpt-4o-mini"
    assert draft_of(backend).review.valid
    assert "preferred for general" in said(app)


def test_history_compares_two_versions_and_rolls_back_with_the_revision_typed(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    bob_changes_weight(backend, 70)
    bob_changes_weight(backend, 60)
    app = open_console(backend, page="providers", view="History")
    assert not app.exception
    shown = said(app)
    assert shown.count('<div role=\\"listitem\\"') - 1 == len(run(backend.configuration.versions(OWNER)).versions)
    assert shown.count("1 change<") == 2
    assert "in force" in shown
    assert ">70<" in said(app)
    app.selectbox(key="providers_from").set_value(1).run()
    app.button(key="providers_roll_back").click().run()
    assert app.button(key="providers_do").disabled
    app.text_input(key="providers_confirm").set_value("1").run()
    app.button(key="providers_do").click().run()
    assert not app.exception
    assert in_force(backend).weight == 100


def test_no_element_of_any_view_holds_a_key(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    pages = [open_console(backend, page="providers", view=view) for view in ("Models", "Use cases", "History")]
    pages.append(edit(open_console(backend, page="providers"), backend))
    for app in pages:
        sent = "\n".join(str(each.proto) for each in app.main if getattr(each, "proto", None) is not None)
        assert "Revision 1" in sent
        assert f"sk-openai-{MINI}" not in sent
        assert "sk-openai-openai" not in sent
    assert "sk-op...mini" in said(pages[-1]).replace("\\", "")


@pytest.mark.parametrize("role", ["analyst", "operator", "prompt_engineer", "viewer"])
def test_others_than_admins_are_told_which_role_it_needs(open_console: OpenConsole, role: Any) -> None:
    backend = FakeBackend()
    backend.people["owner-token"] = structs.replace(OWNER, role=role)
    app = open_console(backend, page="providers")
    assert any("admin or owner role" in each.value for each in app.warning)
    assert not app.number_input
    assert "gpt" not in said(app)


def test_a_session_that_lost_its_role_changes_nothing_any_more(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = edit(open_console(backend, page="providers"), backend)
    backend.people["owner-token"] = structs.replace(OWNER, role="analyst")
    app.number_input(key=field(backend, "weight")).set_value(40).run()
    assert draft_of(backend) is None
    assert any("admin or owner role" in each.value for each in app.warning)


def test_a_draft_that_no_screen_can_show_can_be_discarded(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    run(backend.configuration.keep_draft({"providers": "none"}, 1, OWNER))
    app = open_console(backend, page="providers")
    assert not app.exception
    app.button(key="providers_discard").click().run()
    app.button(key="providers_do").click().run()
    assert draft_of(backend) is None


def test_a_pasted_document_goes_into_the_draft_once_it_can_be_read(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    text = write_config(run(backend.configuration.current(OWNER)).document, 1)
    app = open_console(backend, page="providers")
    app.button(key="providers_import").click().run()
    app.text_area(key="providers_pasted").set_value(text.replace("weight: 100", "weight: heavy")).run()
    assert any("Must be a whole number" in each.value for each in app.error)
    app.text_area(key="providers_pasted").set_value("flags: [").run()
    assert any("not usable YAML" in each.value for each in app.error)
    app.text_area(key="providers_pasted").set_value(text.replace("weight: 100", "weight: 30", 1)).run()
    app.button(key="providers_do").click().run()
    assert not app.exception
    assert [each.path for each in draft_of(backend).review.changes] == [f"providers[{MINI}].weight"]


def test_a_document_made_from_an_older_revision_is_a_draft_that_somebody_was_quicker_than(
    open_console: OpenConsole,
) -> None:
    backend = FakeBackend()
    text = write_config(run(backend.configuration.current(OWNER)).document, 1)
    bob_changes_weight(backend, 70, SONNET)
    app = open_console(backend, page="providers")
    app.button(key="providers_import").click().run()
    app.text_area(key="providers_pasted").set_value(text.replace("weight: 100", "weight: 30", 1)).run()
    app.button(key="providers_do").click().run()
    assert any("bob" in each.value for each in app.warning)
    app.button(key="providers_take").click().run()
    assert [each.path for each in draft_of(backend).review.changes] == [f"providers[{MINI}].weight"]
