"""The view of API keys, run as Streamlit runs it: shown once, rolled with a grace, revoked behind a typed word."""

from datetime import timedelta
from typing import Any

import pytest

from console.format import THIN
from router_core.types import KeyScopes, Principal
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.support.key_text import key_secret

ANALYST = Principal(kind="person", id="u9", name="an@example.com", role="analyst", accounts=("acme",))
DAY = timedelta(days=1)


def opened(open_console: OpenConsole, backend: FakeBackend, **chosen: str) -> Any:
    app = open_console(backend, page="access", view="Keys", **chosen)
    assert not app.exception
    return app


def said(app: Any) -> str:
    found = (*app.markdown, *app.caption, *app.warning, *app.error, *app.info)
    return " ".join(each.value for each in found).replace(THIN, " ")


def labels(app: Any) -> list[str]:
    return [each.label for each in app.button]


def remembers(app: Any, key: str) -> bool:
    """Say whether the session remembers the secret of ``key``."""
    assert "key_open" in repr(app.session_state), "the session's content is what is looked at"
    return key_secret(key) in repr(app.session_state)


def test_without_any_key_the_view_says_what_to_do_next(open_console: OpenConsole) -> None:
    app = opened(open_console, FakeBackend())
    assert "There is no API key yet" in said(app)
    assert "New key" in labels(app)


def test_each_key_says_whose_it_is_what_it_reaches_and_how_it_stands(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    world = backend.keeping
    scopes = KeyScopes(models=("gpt-4o",), routes=tuple(f"/api/{number}" for number in range(6)))
    world.add("aaaa", 100, name="nightly *job*", scopes=scopes, last_used_at=world.now - 3 * DAY)
    world.add("bbbb", 5, account_id="zeta", expires_at=world.now + 2 * DAY, role="admin")
    world.add("cccc", 60, woken_at=world.now - DAY, idle_since=world.now - 45 * DAY, last_used_at=world.now)
    world.add("dddd", 9, revoked_at=world.now - DAY)
    world.add("eeee", 9, expires_at=world.now + DAY / 2, replaced_by="ffff")
    app = opened(open_console, backend)
    text = said(app)
    for told in (
        r"nightly \*job\*", "sbx_aaaa_… · ", "last used 3 d ago", "older than 90 days", "Limited to models gpt-4o",
        "/api/3 and 2 more", "ends soon", "used again after long rest", "after 44 days of rest", "in its grace",
        "longer, until", "never used",
    ):  # fmt: skip
        assert told in text, told
    assert "sbx_dddd" not in text
    tiles = {each.label: each.value for each in app.metric}
    assert (tiles["Working keys"], tiles["Never used"]) == ("4", "2")
    assert (tiles["End within 7 days"], tiles["Older than 90 days"]) == ("1", "1")
    rolls = [each.key for each in app.button if each.label == "Roll"]
    assert rolls == ["key_roll_bbbb", "key_roll_cccc", "key_roll_aaaa"]
    app.segmented_control(key="key_which").set_value("All").run()
    assert "sbx_dddd" in said(app)
    app.selectbox(key="key_of").set_value("zeta").run()
    assert "sbx_bbbb" in said(app)
    assert "sbx_aaaa" not in said(app)


def test_a_new_key_is_shown_once_to_be_copied_and_is_nowhere_afterwards(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = opened(open_console, backend)
    app.button(key="key_make").click().run()
    app.selectbox(key="key_account").set_value("zeta").run()
    app.text_input(key="key_name").set_value("reports").run()
    app.multiselect(key="key_models").set_value(["gpt-4o"]).run()
    app.segmented_control(key="key_life").set_value("30 days").run()
    app.button(key="key_make_do").click().run()
    assert not app.exception
    (record,) = backend.keeping.records()
    (code,) = app.code
    shown = code.value
    assert shown.startswith(f"sbx_{record.id}_")
    assert "not shown again" in said(app)
    assert (record.account_id, record.name, record.scopes) == ("zeta", "reports", KeyScopes(models=("gpt-4o",)))
    assert record.expires_at is not None
    assert 29 * DAY < record.expires_at - backend.keeping.now < 31 * DAY
    assert not remembers(app, shown)
    app.button(key="key_copied").click().run()
    assert not app.exception
    assert not app.code
    assert shown not in said(app)
    assert f"sbx_{record.id}_" in said(app)
    assert len(backend.keeping.records()) == 1


def test_any_further_run_of_the_dialog_has_forgotten_the_key(open_console: OpenConsole) -> None:
    app = opened(open_console, FakeBackend())
    app.button(key="key_make").click().run()
    app.button(key="key_make_do").click().run()
    assert app.code
    app.run()
    assert not app.code


@pytest.mark.parametrize(("grace", "left"), [("None, it ends now", 0), ("7 days", 7)])
def test_a_key_is_rolled_with_the_grace_that_was_chosen(open_console: OpenConsole, grace: str, left: int) -> None:
    backend = FakeBackend()
    backend.keeping.add("aaaa", role="admin", scopes=KeyScopes(use_cases=("draft",)))
    app = opened(open_console, backend)
    app.button(key="key_roll_aaaa").click().run()
    app.selectbox(key="key_grace").set_value(grace).run()
    app.button(key="key_roll_do").click().run()
    assert not app.exception
    heir, old = backend.keeping.records()
    (code,) = app.code
    assert code.value.startswith(f"sbx_{heir.id}_")
    assert (old.replaced_by, heir.role, heir.scopes) == (heir.id, "admin", KeyScopes(use_cases=("draft",)))
    assert old.expires_at is not None
    assert abs(old.expires_at - backend.keeping.now - left * DAY) < timedelta(minutes=1)
    assert not remembers(app, code.value)


def test_a_key_is_revoked_behind_a_typed_word(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.keeping.add("aaaa")
    app = opened(open_console, backend)
    app.button(key="key_revoke_aaaa").click().run()
    assert app.button(key="key_revoke_do").disabled
    app.text_input(key="key_confirm_aaaa").set_value("revoke").run()
    app.button(key="key_revoke_do").click().run()
    assert not app.exception
    (record,) = backend.keeping.records()
    assert record.revoked_at is not None
    assert [(each.action, each.actor) for each in backend.keeping.log.taken] == [("key.revoked", "ada@example.com")]
    assert "sbx_aaaa" not in said(app)


def test_a_key_gets_another_name_and_end(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.keeping.add("aaaa")
    app = opened(open_console, backend)
    app.button(key="key_change_aaaa").click().run()
    app.text_input(key="key_name_aaaa").set_value("weekly").run()
    app.button(key="key_change_do").click().run()
    assert (backend.keeping.records()[0].name, backend.keeping.records()[0].expires_at) == ("weekly", None)
    app.button(key="key_change_aaaa").click().run()
    app.segmented_control(key="key_life_aaaa").set_value("1 year").run()
    app.button(key="key_change_do").click().run()
    assert backend.keeping.records()[0].expires_at is not None


def test_what_is_refused_is_said_in_the_dialog_and_nothing_is_made(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = opened(open_console, backend)
    app.button(key="key_make").click().run()
    backend.keeping.log.down = True
    app.button(key="key_make_do").click().run()
    assert not app.exception
    assert "could not be written to the action log" in said(app)
    assert backend.keeping.records() == []


def test_who_lost_the_right_meanwhile_makes_nothing(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = opened(open_console, backend)
    app.button(key="key_make").click().run()
    backend.people["owner-token"] = ANALYST
    app.button(key="key_make_do").click().run()
    assert backend.keeping.records() == []
    assert not app.code


def test_many_keys_come_page_by_page(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    for number in range(45):
        backend.keeping.add(f"k{number:03}", number + 1)
    app = opened(open_console, backend)
    assert labels(app).count("Revoke") == 20
    assert "sbx_k019" in said(app)
    assert "sbx_k020" not in said(app)
