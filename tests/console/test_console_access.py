"""The Access screen, run as Streamlit runs it, over the real desks."""

from typing import Any

import pytest

from console.access.browsers import browser_words
from router_core.ports import SessionRecord
from router_core.security.sessions import token_digest
from router_core.types import Principal
from tests.console.access_fakes import settled
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import OWNER, VIEWER, FakeBackend

ADMIN = Principal(kind="person", id="u7", name="ad@example.com", role="admin", accounts=("acme",))


@pytest.fixture
def backend() -> FakeBackend:
    made = FakeBackend()
    made.people["admin-token"] = ADMIN
    made.access.add(ADMIN)
    return made


def _rows(app: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = app.dataframe[0].value.to_dict("records")
    return rows


def _pick(app: Any, name: str, place: int) -> Any:
    """Pick a row of the table ``name``."""
    key = next(each for each in (f"access_{name}_{number}_{len(_rows(app))}" for number in range(9)) if _has(app, each))
    app.session_state[key] = {"selection": {"rows": [place], "columns": [], "cells": []}}
    return app.run()


def _has(app: Any, key: str) -> bool:
    return key in app.session_state


def _verbs(backend: FakeBackend) -> list[str]:
    return [each.action for each in settled(backend.access.log.recent(20))]


def _sign_in(backend: FakeBackend, person: Principal, token: str) -> str:
    now = backend.access.clock.utcnow()
    record = SessionRecord(
        token_hash=token_digest(token), user_id=person.id, csrf="c", created_at=now, last_seen_at=now,
        expires_at=now.replace(year=now.year + 1), address="10.0.0.9",
        browser="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36",
    )  # fmt: skip
    settled(backend.access.stores.sessions.create(record))
    return record.id


def test_everybody_is_listed_with_role_accounts_and_state(backend: FakeBackend, open_console: OpenConsole) -> None:
    app = open_console(backend, page="access")
    assert not app.exception
    assert [(row["E-mail"], row["Role"], row["Accounts"]) for row in _rows(app)] == [
        ("ad@example.com", "Admin", "acme"), ("ada@example.com", "Owner", "acme"), ("vi@example.com", "Viewer", "acme"),
    ]  # fmt: skip


def test_who_is_no_admin_is_told_which_role_it_takes(backend: FakeBackend, open_console: OpenConsole) -> None:
    app = open_console(backend, token="viewer-token", page="access")
    assert [each.value for each in app.warning] == [
        "This screen needs the admin or owner role. Ask an admin if you should have it."
    ]
    assert not app.dataframe


def test_an_invitation_is_made_and_its_link_is_shown_once(backend: FakeBackend, open_console: OpenConsole) -> None:
    app = open_console(backend, page="access")
    app.button(key="access_invite").click().run()
    app.text_input(key="access_email").set_value("new@example.com").run()
    app.button(key="access_invite_do").click().run()
    assert not app.exception
    assert "/auth/invitation/" in app.code[0].value
    assert _verbs(backend) == ["user.created"]
    app.button(key="access_given_done").click().run()
    assert not app.code
    assert "new@example.com" in [row["E-mail"] for row in _rows(app)]


def test_an_admin_is_not_offered_to_make_owners_and_a_refusal_is_said(
    backend: FakeBackend, open_console: OpenConsole
) -> None:
    app = open_console(backend, token="admin-token", page="access")
    app = _pick(app, "people", 1)
    app.toggle(key="access_active_u1").set_value(False).run()
    app.button(key="access_save").click().run()
    assert [each.value for each in app.error] == ["Only an owner changes or removes admins and owners"]
    assert _verbs(backend) == ["user.refused"]
    other = open_console(backend, token="admin-token", page="access")
    other.button(key="access_invite").click().run()
    assert "Owner" not in other.selectbox(key="access_role").options


def test_a_role_is_changed_from_the_drawer(backend: FakeBackend, open_console: OpenConsole) -> None:
    app = _pick(open_console(backend, page="access"), "people", 2)
    app.selectbox(key="access_role_u2").set_value("analyst").run()
    app.button(key="access_save").click().run()
    assert not app.exception
    assert _verbs(backend) == ["user.role_changed"]
    assert [row["Role"] for row in _rows(app)] == ["Admin", "Owner", "Analyst"]


def test_what_somebody_else_changed_meanwhile_is_not_put_back_by_a_form_that_was_open(
    backend: FakeBackend, open_console: OpenConsole
) -> None:
    app = _pick(open_console(backend, page="access"), "people", 2)
    elsewhere = _pick(open_console(backend, page="access"), "people", 2)
    elsewhere.selectbox(key="access_role_u2").set_value("analyst").run()
    elsewhere.button(key="access_save").click().run()
    app.toggle(key="access_active_u2").set_value(False).run()
    app.button(key="access_save").click().run()
    assert ["meanwhile" in each.value for each in app.error] == [True]
    user = settled(backend.access.stores.users.by_id("u2"))
    assert user is not None
    assert (user.role, user.is_active) == ("analyst", True)
    app.button(key="access_save_cancel").click().run()
    app = _pick(app, "people", 2)
    app.toggle(key="access_active_u2").set_value(False).run()
    app.button(key="access_save").click().run()
    assert not app.error
    user = settled(backend.access.stores.users.by_id("u2"))
    assert user is not None
    assert (user.role, user.is_active) == ("analyst", False)


def test_an_account_that_was_renamed_meanwhile_keeps_its_name(backend: FakeBackend, open_console: OpenConsole) -> None:
    app = _pick(open_console(backend, page="access", view="Accounts"), "accounts", 1)
    elsewhere = _pick(open_console(backend, page="access", view="Accounts"), "accounts", 1)
    elsewhere.text_input(key="access_name_other").set_value("Renamed").run()
    elsewhere.button(key="access_account_save").click().run()
    app.toggle(key="access_keeps_other").set_value(True).run()
    app.button(key="access_account_save").click().run()
    assert ["meanwhile" in each.value for each in app.error] == [True]
    kept = settled(backend.access.stores.accounts.by_id("other"))
    assert kept is not None
    assert (kept.name, kept.keeps_content) == ("Renamed", False)


def test_removing_a_person_needs_the_address_typed(backend: FakeBackend, open_console: OpenConsole) -> None:
    app = _pick(open_console(backend, page="access"), "people", 2)
    assert app.button(key="access_remove").disabled
    app.text_input(key="access_remove_word").set_value("vi@example.com").run()
    app.button(key="access_remove").click().run()
    assert not app.exception
    assert len(_rows(app)) == 2


def test_an_account_is_made_and_taken_out_of_service(backend: FakeBackend, open_console: OpenConsole) -> None:
    app = open_console(backend, page="access", view="Accounts")
    assert [(row["Name"], row["People"]) for row in _rows(app)] == [("acme", "3"), ("other", "0")]
    app.button(key="access_new_account").click().run()
    app.text_input(key="access_account_name").set_value("Apex").run()
    app.button(key="access_account_do").click().run()
    assert [row["Name"] for row in _rows(app)] == ["Apex", "acme", "other"]
    app = _pick(app, "accounts", 2)
    app.toggle(key="access_in_service_other").set_value(False).run()
    app.toggle(key="access_personal_other").set_value(False).run()
    app.button(key="access_account_save").click().run()
    assert not app.exception
    assert [row["State"] for row in _rows(app)][2] == ["out of service"]
    kept = settled(backend.access.stores.accounts.by_id("other"))
    assert kept is not None
    assert (kept.is_active, kept.redaction) == (False, "secrets")


def test_only_an_owner_is_offered_to_delete_an_account(backend: FakeBackend, open_console: OpenConsole) -> None:
    app = _pick(open_console(backend, token="admin-token", page="access", view="Accounts"), "accounts", 1)
    assert "access_account_remove" not in [each.key for each in app.button]
    app = _pick(open_console(backend, page="access", view="Accounts"), "accounts", 1)
    app.text_input(key="access_account_remove_word").set_value("other").run()
    app.button(key="access_account_remove").click().run()
    assert not app.exception
    assert [row["Name"] for row in _rows(app)] == ["acme"]


def test_sessions_are_listed_and_one_is_ended(backend: FakeBackend, open_console: OpenConsole) -> None:
    _sign_in(backend, OWNER, "owner-token")
    _sign_in(backend, ADMIN, "another")
    app = open_console(backend, page="access", view="Sessions")
    shown = {row["Person"]: (row["Browser"], row["Address"]) for row in _rows(app)}
    assert shown == {
        "ada@example.com (this one)": ("Chrome on Linux", "10.0.0.9"),
        "ad@example.com": ("Chrome on Linux", "10.0.0.9"),
    }
    theirs = [row["Person"] for row in _rows(app)].index("ad@example.com")
    app = _pick(app, "sessions", theirs)
    app.button(key="access_end_do").click().run()
    assert not app.exception
    assert [row["Person"] for row in _rows(app)] == ["ada@example.com (this one)"]


def test_one_stays_signed_in_here_and_nowhere_else(backend: FakeBackend, open_console: OpenConsole) -> None:
    own = _sign_in(backend, OWNER, "owner-token")
    _sign_in(backend, OWNER, "elsewhere")
    app = open_console(backend, page="access", view="Sessions")
    app.button(key="access_others").click().run()
    app.button(key="access_end_do").click().run()
    assert not app.exception
    assert [each.id for each in settled(backend.sessions.own(OWNER))] == [own]


def test_whatever_the_role_one_sees_ones_own_sessions_and_is_offered_to_end_the_others(
    backend: FakeBackend, open_console: OpenConsole
) -> None:
    own = _sign_in(backend, VIEWER, "viewer-token")
    _sign_in(backend, VIEWER, "elsewhere")
    app = open_console(backend, token="viewer-token")
    app.button(key="own_sessions").click().run()
    assert any("this one" in each.proto.body for each in app.get("html"))
    assert app.button(key="own_others").label == "Sign out everywhere else"
    assert {each.id for each in settled(backend.sessions.own(VIEWER))} > {own}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/1 Safari/537 Edg/1", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19 like Mac OS X) Version/19 Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("curl/8.9", "curl/8.9"), ("", "unknown"),
    ],
)  # fmt: skip
def test_a_browser_is_called_by_its_name_and_system(said: str, words: str) -> None:
    assert browser_words(said) == words
