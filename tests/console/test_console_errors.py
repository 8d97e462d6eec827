"""A page whose script fails shows an id and nothing else."""

from streamlit.testing.v1 import AppTest

from console.playground.turn import readable_error
from router_core.errors.base import CircuitBreakerOpenError, InternalError, PaymentRequiredError


def failing_page() -> None:
    import streamlit as st

    from console.assembly import report_with
    from router_core.clock import SystemClock

    written: list[str] = st.session_state["written"]
    report_with(
        RuntimeError("secret path /srv/x"), SystemClock(), lambda text, error_id, exc_info: written.append(error_id)
    )


def test_only_an_id_is_shown_and_the_log_has_it_too() -> None:
    app = AppTest.from_function(failing_page)
    written: list[str] = []
    app.session_state["written"] = written
    app.run()
    shown = app.error[0].value
    assert len(written) == 1
    assert written[0] in shown
    assert "secret" not in shown


def test_errors_of_the_router_are_put_in_words_once() -> None:
    assert readable_error(CircuitBreakerOpenError(54_000)) == (
        "Circuit breaker open",
        "Every provider that could serve this is resting after repeated failures. Try again in 54 s.",
    )
    assert "Limit: $100.00." in readable_error(PaymentRequiredError("Daily budget exceeded. Limit: $100.00"))[1]
    assert "boom" not in readable_error(InternalError("boom"))[1]
