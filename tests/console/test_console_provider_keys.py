"""Keys on the Providers screen, run as Streamlit runs it: they go in, and nothing of them comes back."""

from typing import Any

import pytest
from msgspec import structs

from router_core.admin.provider_keys import KeyOrder
from router_core.types import ProviderKey, Secret
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import OWNER, FakeBackend
from tests.console.provider_runs import BOB, MINI, edit, field, in_force, row_id, run, said

TYPED, OTHER = "sk-typed-0123456789abcdefWXYZ", "sk-other-0123456789abcdefQRST"
MASK, OTHER_MASK = "sk-ty...WXYZ", "sk-ot...QRST"


def keys(backend: FakeBackend, name: str = MINI) -> tuple[ProviderKey, ...]:
    return backend.rig.store.snapshot().provider_keys.get(row_id(backend, name), ())


def store(backend: FakeBackend, key: str = TYPED, **order: Any) -> str:
    return str(run(backend.provider_keys.add_key(MINI, KeyOrder(key=Secret(key), **order), OWNER)).id)


def opened(backend: FakeBackend, open_console: OpenConsole) -> Any:
    return edit(open_console(backend, page="providers"), backend)


def typed(app: Any, key: str) -> Any:
    app.text_input(key="providers_key_typed").set_value(key).run()
    return app.button(key="providers_do").click().run()


def everything(app: Any) -> str:
    """Return all that is sent to the browser."""
    sent = "\n".join(str(each.proto) for each in app.main if getattr(each, "proto", None) is not None)
    assert MINI in sent
    return sent


def test_a_key_is_entered_and_only_its_mask_is_shown(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = opened(backend, open_console)
    app.button(key="providers_key_add").click().run()
    app.text_input(key="providers_key_label").set_value("billing team").run()
    app.number_input(key="providers_key_weight").set_value(30).run()
    app = typed(app, f"  {TYPED}\n")
    assert not app.exception
    (key,) = keys(backend)
    assert (key.label, key.weight, key.secret.mask, key.created_by) == ("billing team", 30, MASK, OWNER.name)
    (_, stored) = backend.rig.source.keys_for(in_force(backend))
    assert stored.secret == Secret(TYPED)
    shown = said(app)
    for part in (MASK, "billing team", "Weight 30", "Ready", "never used"):
        assert part in shown, part
    assert TYPED not in everything(app)
    assert "providers_key_typed" not in app.session_state
    act = backend.rig.log.taken[-1]
    assert (act.action, act.target, act.detail["mask"]) == ("provider_key.added", MINI, MASK)


@pytest.mark.parametrize(
    ("entered", "fault"),
    [
        ("", "must not be empty"), ("   ", "must not be empty"), (MASK, "is a mask"), ("***", "must have 4 to 512"),
        ("sk-two\nlines-0123456789", "one word"), ("k" * 10_240, "must have 4 to 512"), ("sbx_abc.def", "of Signalbox"),
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused_in_the_dialog_and_nothing_is_stored(
    open_console: OpenConsole, entered: str, fault: str
) -> None:
    backend = FakeBackend()
    app = opened(backend, open_console)
    app.button(key="providers_key_add").click().run()
    app = typed(app, entered)
    assert any(fault in each.value for each in app.error)
    assert keys(backend) == ()


def test_a_key_is_replaced_and_a_pasted_mask_never_takes_its_place(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    key_id = store(backend)
    app = opened(backend, open_console)
    app.button(key=f"providers_replace_key_{key_id}").click().run()
    app = typed(app, MASK)
    assert any("is a mask" in each.value for each in app.error)
    assert keys(backend)[0].secret.mask == MASK
    app = typed(app, OTHER)
    assert keys(backend)[0].secret.mask == OTHER_MASK
    assert OTHER not in everything(app)


def test_a_key_is_changed_put_aside_and_taken_up_again(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    key_id = store(backend)
    app = opened(backend, open_console)
    app.button(key=f"providers_change_key_{key_id}").click().run()
    app.number_input(key="providers_key_weight").set_value(7).run()
    app.button(key="providers_do").click().run()
    assert keys(backend)[0].weight == 7
    app.button(key=f"providers_disable_key_{key_id}").click().run()
    app.button(key="providers_do").click().run()
    assert not keys(backend)[0].is_active
    assert "Disabled" in said(app)
    app.button(key=f"providers_enable_key_{key_id}").click().run()
    app.button(key="providers_do").click().run()
    assert keys(backend)[0].is_active
    assert not app.exception


def test_a_key_is_deleted_only_with_the_providers_name_typed(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    key_id = store(backend)
    app = opened(backend, open_console)
    app.button(key=f"providers_delete_key_{key_id}").click().run()
    assert app.button(key="providers_do").disabled
    app.text_input(key="providers_confirm").set_value(MINI).run()
    app.button(key="providers_do").click().run()
    assert keys(backend) == ()
    assert backend.rig.log.verbs[-1] == "provider_key.deleted"


def test_a_key_for_another_host_and_an_old_one_are_told_here_and_in_the_list(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    store(backend)
    rig = backend.rig
    run(rig.store.put_provider(structs.replace(in_force(backend), base_url="https://llm.example.com/v1")))
    store(backend, OTHER)
    rig.clock.advance(91 * 86_400)
    listed = said(open_console(backend, page="providers"))
    assert "was entered for another host or account" in listed
    assert "is 91 days old" in listed
    shown = said(opened(backend, open_console))
    assert "For another place" in shown
    assert "llm.example.com" not in listed or TYPED not in listed


def test_a_draft_that_changes_where_requests_go_says_that_keys_stay_behind(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    store(backend)
    app = opened(backend, open_console)
    app.text_input(key=field(backend, "baseUrl")).set_value("https://llm.example.com/v1").run()
    assert "Keys stay behind" in said(app)


def test_who_lost_the_right_meanwhile_stores_nothing(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = opened(backend, open_console)
    app.button(key="providers_key_add").click().run()
    backend.people["owner-token"] = structs.replace(BOB, role="viewer")
    app.text_input(key="providers_key_typed").set_value(TYPED).run()
    assert not [each for each in app.button if each.key == "providers_do"]
    assert keys(backend) == ()
