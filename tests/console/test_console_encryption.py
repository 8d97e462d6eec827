"""The view of keys and stored secrets, run as Streamlit runs it."""

from typing import Any

from msgspec import structs

from router_core.security.vault.faults import RotationRunningError
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.console.encryption_fakes import stored


def opened(open_console: OpenConsole, backend: FakeBackend) -> Any:
    app = open_console(backend, page="providers", view="Secrets")
    assert not app.exception
    return app


def tiles(app: Any) -> dict[str, str]:
    return {each.label: each.value for each in app.metric}


def said(app: Any) -> str:
    return " ".join(each.value for each in (*app.caption, *app.warning, *app.error, *app.info))


def test_every_secret_is_shown_with_its_key_and_whether_it_can_be_read(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    view = backend.encryption.view
    broken = stored(3, version=1, readable=False)
    backend.encryption.view = structs.replace(view, total=3, checked=3, unreadable=1, secrets=(broken, *view.secrets))
    app = opened(open_console, backend)
    assert tiles(app) == {"Secrets": "3", "Readable": "2", "Key in use": "version 2", "Under an older key": "0"}
    assert "1 of 3 cannot be read" in said(app)
    table = app.dataframe[0].value
    assert list(table["State"]) == ["✗ credential unreadable", "✓ readable", "✓ readable"]
    assert list(table["Key version"]) == [1, 2, 2]


def test_without_a_secret_it_says_so(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.encryption.view = structs.replace(backend.encryption.view, total=0, secrets=())
    assert "No secret is stored" in said(opened(open_console, backend))


def test_an_old_key_and_a_rotation_that_was_broken_off_are_told(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.encryption.view = structs.replace(
        backend.encryption.view, state="rotating", waiting=1, last_error="The store is busy", due=True,
        key_age_days=91,
    )  # fmt: skip
    app = opened(open_console, backend)
    assert "broken off: The store is busy" in said(app)
    assert "91 days" in said(app)
    assert app.button(key="encryption_rotate").label == "Go on"


def test_a_rotation_needs_the_word(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    app = opened(open_console, backend)
    app.button(key="encryption_rotate").click().run()
    assert app.button(key="encryption_do").disabled
    app.text_input(key="encryption_confirm").set_value("rotate").run()
    app.button(key="encryption_do").click().run()
    assert not app.exception
    assert backend.encryption.rotations == 1
    assert app.button(key="encryption_rotate").disabled


def test_a_rotation_that_is_refused_says_why_and_the_dialog_stays(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.encryption.error = RotationRunningError("Another rotation of keys is running")
    app = opened(open_console, backend)
    app.button(key="encryption_rotate").click().run()
    app.text_input(key="encryption_confirm").set_value("rotate").run()
    app.button(key="encryption_do").click().run()
    assert "Another rotation of keys is running" in said(app)
    assert app.button(key="encryption_cancel")


def test_while_the_master_key_changes_nothing_can_be_begun(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.encryption.view = structs.replace(backend.encryption.view, state="changing master key")
    app = opened(open_console, backend)
    assert app.button(key="encryption_rotate").disabled
    assert "--master" in said(app)
