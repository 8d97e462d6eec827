"""The view of the cache of answers, run as Streamlit runs it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from console.cache.view import order_of
from router_core.admin.cache_desk import PurgeOrder
from router_core.errors import OverloadedError
from router_core.types import CacheCounts, CacheMatch, CacheStats, Principal
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANALYST = Principal(kind="person", id="u9", name="an@example.com", role="analyst", accounts=("acme",))


def _used() -> FakeBackend:
    backend = FakeBackend()
    backend.people["analyst-token"] = ANALYST
    backend.caching.counts = CacheCounts(hits=60, misses=20, shared=20, passed=7, kept=19, unfit=1)
    backend.caching.store = structs.replace(backend.caching.store, entries=19, size_bytes=3 * 1024 * 1024)
    return backend


def _tiles(app: Any) -> dict[str, str]:
    return {each.label: each.value for each in app.metric}


def _said(app: Any) -> str:
    return " ".join(each.value for each in app.caption)


def test_the_tiles_say_what_requests_met(open_console: OpenConsole) -> None:
    app = open_console(_used(), page="budgets", view="Cache")
    assert not app.exception
    tiles = _tiles(app)
    assert tiles["Hit rate"].startswith("80")
    assert (tiles["Hits"], tiles["Shared"], tiles["Misses"], tiles["Kept"]) == ("60", "20", "20", "3.0 MiB")
    assert "Faults" not in tiles
    assert "7 requests did not ask" in _said(app)


def test_before_anybody_asks_it_says_how_to(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), page="budgets", view="Cache")
    assert not app.exception
    assert "--cache-ttl" in _said(app)


def test_in_redis_the_size_is_not_known_and_faults_are_told(open_console: OpenConsole) -> None:
    backend = _used()
    backend.caching.store = CacheStats(kind="redis", hits=1, misses=1, sets=1, entries=None, size_bytes=None, faults=4)
    tiles = _tiles(open_console(backend, page="budgets", view="Cache"))
    assert (tiles["Kept"], tiles["Faults"]) == ("in Redis", "4")


def test_a_purge_needs_the_word_and_goes_through_the_facade(open_console: OpenConsole) -> None:
    backend = _used()
    app = open_console(backend, page="budgets", view="Cache")
    app.button(key="cache_purge").click().run()
    assert app.button(key="cache_do").disabled
    app.text_input(key="cache_use_case").set_value("summary").run()
    app.text_input(key="cache_confirm").set_value("purge").run()
    app.button(key="cache_do").click().run()
    assert not app.exception
    assert backend.caching.orders == [PurgeOrder(use_case="summary")]
    assert "3 entries" in app.toast[0].value


def test_what_a_purge_is_refused_for_stays_in_the_dialog(open_console: OpenConsole) -> None:
    backend = _used()
    backend.caching.error = OverloadedError("The action was refused")
    app = open_console(backend, page="budgets", view="Cache")
    app.button(key="cache_purge").click().run()
    app.text_input(key="cache_confirm").set_value("purge").run()
    app.button(key="cache_do").click().run()
    assert [each.value for each in app.error] == ["The action was refused"]


def test_who_may_only_look_is_offered_no_purge(open_console: OpenConsole) -> None:
    app = open_console(_used(), page="budgets", view="Cache", token="analyst-token")
    assert not app.exception
    assert "cache_purge" not in {each.key for each in app.button}


@pytest.mark.parametrize(
    ("account", "use_case", "order"),
    [
        (None, "  ", PurgeOrder(everything=True)), ("acme", "", PurgeOrder(account_id="acme")),
        (None, " draft ", PurgeOrder(use_case="draft")),
        ("acme", "draft", PurgeOrder(account_id="acme", use_case="draft")),
    ],
)  # fmt: skip
def test_an_order_names_what_was_chosen(account: str | None, use_case: str, order: PurgeOrder) -> None:
    assert order_of(account, use_case) == order


def test_a_similar_question_is_shown_to_admins_and_can_be_called_wrong(open_console: OpenConsole) -> None:
    backend = _used()
    shown = CacheMatch(
        id="m1",
        at=NOW,
        account_id="acme",
        use_case="draft",
        asked="what is it",
        answered="what is that",
        similarity=0.91,
    )
    backend.caching.found = [shown, structs.replace(shown, id="m2", asked=None, answered=None)]
    app = open_console(backend, page="budgets", view="Cache")
    assert not app.exception
    said = " ".join(each.value for each in app.markdown)
    assert "what is that" in said
    assert "not kept for this account" in said
    app.button(key="wrong_m1").click().run()
    assert [each.wrong for each in backend.caching.found] == [True, False]
    assert app.button(key="wrong_m1").disabled
    looking = open_console(backend, page="budgets", view="Cache", token="analyst-token")
    assert "what is that" not in " ".join(each.value for each in looking.markdown)
