"""What an open Providers page says when somebody else changes the configuration."""

from typing import Any

from streamlit.testing.v1 import AppTest

from console.bridge import Bridge
from console.identity import Visitor
from console.providers.work import load_work
from console.stage import Stage
from router_core.clock import SystemClock
from tests.console.console_fakes import OWNER, FakeBackend
from tests.console.provider_runs import bob_changes_weight, said


def notice() -> None:
    import streamlit as st

    from console.providers.news import watch_revision

    watch_revision(*st.session_state["drawn"])


def opened(backend: FakeBackend, bridge: Bridge) -> Any:
    """Return a page that was drawn before anything changed."""
    stage = Stage(backend=backend, bridge=bridge, clock=SystemClock(), read_token=lambda: "owner-token")
    visitor = Visitor(person=OWNER, stage=stage, sign_out_token="")
    app = AppTest.from_function(notice)
    app.session_state["drawn"] = (visitor, load_work(visitor))
    return app


def test_a_change_of_somebody_else_is_told_on_the_open_page(bridge: Bridge) -> None:
    backend = FakeBackend()
    app = opened(backend, bridge).run()
    assert not app.markdown
    bob_changes_weight(backend, 70)
    app.run()
    assert "revision 2" in said(app)
    assert "bob" in said(app)
    assert app.button(key="providers_show_newest").label == "Show it"
    assert True not in backend.touches


def test_nothing_is_told_to_a_session_that_has_ended_or_lost_its_role(bridge: Bridge) -> None:
    backend = FakeBackend()
    app = opened(backend, bridge)
    bob_changes_weight(backend, 70)
    backend.people["owner-token"] = backend.people["viewer-token"]
    assert not app.run().markdown
    backend.people.clear()
    assert not app.run().markdown
    assert not app.exception
