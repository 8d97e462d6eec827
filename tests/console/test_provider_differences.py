"""What the Providers screen shows of a difference before it is put in force: all of it."""

from typing import Any

import pytest

from console.providers.documents import Document
from console.providers.entries import lines_of
from console.providers.words import shown_value, sides_of
from router_core.configuration.changes import changes_between
from router_core.configuration.documents import document_of
from router_core.types import Configuration, UseCasePolicy
from signalbox.config_file import write_config
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import OWNER, FakeBackend
from tests.console.provider_runs import BOB, in_force, run, said

GPT4O = "openai-gpt4o"
LONG = "a-rather-long-name-of-a-use-case"


def with_first(document: Document, **changes: Any) -> dict[str, Any]:
    first, *rest = document["providers"]
    return {**document, "providers": [{**first, **changes}, *rest]}


def bob_disables_and_deletes(backend: FakeBackend, name: str) -> None:
    for is_active in (False, None):
        view = run(backend.configuration.provider(name, BOB))
        if is_active is None:
            run(backend.configuration.delete_provider(name, view.version, BOB))
        else:
            run(backend.configuration.change_provider(name, {**view.entry, "isActive": False}, view.version, BOB))


def test_rolling_back_to_a_provider_that_was_disabled_says_so_before_it_happens(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    bob_disables_and_deletes(backend, GPT4O)
    app = open_console(backend, page="providers", view="History")
    app.button(key="providers_roll_back").click().run()
    shown = said(app)
    for part in ("Disabled: it gets no requests", "Base URL", "own host", "every account", "Capabilities", "Vision"):
        assert part in shown, part
    app.text_input(key="providers_confirm").set_value("2").run()
    app.button(key="providers_do").click().run()
    assert not in_force(backend, GPT4O).is_active


def test_rolling_back_warns_of_what_goes_out_of_service(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    view = run(backend.configuration.provider(GPT4O, BOB))
    off = run(backend.configuration.change_provider(GPT4O, {**view.entry, "isActive": False}, view.version, BOB))
    view = run(backend.configuration.provider(GPT4O, BOB))
    run(backend.configuration.change_provider(GPT4O, {**view.entry, "isActive": True}, view.version, BOB))
    app = open_console(backend, page="providers", view="History")
    app.button(key="providers_roll_back").click().run()
    assert off.revision == 2
    assert any("is disabled" in each.value for each in app.warning)


@pytest.mark.parametrize("kind", ["added", "removed"])
def test_every_field_of_a_provider_that_comes_or_goes_is_shown_whole(kind: str) -> None:
    backend = FakeBackend()
    full = run(backend.configuration.current(OWNER)).document
    with_row = with_first(
        full, baseUrl="https://proxy.example/v1", isActive=False, isDefault=True, accountId="acme",
        useCases=[f"{LONG}-{number}" for number in range(20)], limits={"maxConcurrency": 8, "burst": None},
    )  # fmt: skip
    without = {**full, "providers": full["providers"][1:]}
    old, new = (without, with_row) if kind == "added" else (with_row, without)
    (change,) = changes_between(old, new)
    lines = dict(lines_of(change))
    assert lines["State"].startswith("Disabled")
    assert (lines["Vendor"], lines["Base URL"], lines["Account"]) == ("OpenAI", "https://proxy.example/v1", "acme")
    assert (lines["Default"], lines["Limits"]) == ("On", "Calls at once: 8")
    assert lines["Use cases"].endswith(f"{LONG}-19")
    assert len(lines) == len(with_row["providers"][0]) - 2


def test_what_a_provider_leaves_to_its_default_is_named_too() -> None:
    full = run(FakeBackend().configuration.current(OWNER)).document
    (change,) = changes_between({**full, "providers": full["providers"][1:]}, full)
    lines = dict(lines_of(change))
    assert (lines["State"], lines["Base URL"], lines["Account"]) == (
        "Active", "the vendor's own host", "every account",
    )  # fmt: skip
    assert lines["Limits"] == "none"
    assert lines["Capabilities"].endswith("Largest temperature: 2")


def test_the_base_url_of_an_imported_provider_is_seen_before_it_is_taken_up(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    document = run(backend.configuration.current(OWNER)).document
    row = {"name": "theirs", "kind": "openai", "model": "gpt-4o", "baseUrl": "https://other.example/v1"}
    sizes = {"maxTokens": 100, "contextWindow": 1000, "useCases": []}
    text = write_config({**document, "providers": [*document["providers"], {**row, **sizes}]}, 1)
    app = open_console(backend, page="providers")
    app.button(key="providers_import").click().run()
    app.text_area(key="providers_pasted").set_value(text).run()
    assert "https://other.example/v1" in said(app)


def test_a_policy_that_is_new_is_shown_by_what_it_says() -> None:
    old = document_of(Configuration())
    new = document_of(Configuration(policies={"draft": UseCasePolicy(hedge=True, strategy="cheapest")}))
    (change,) = changes_between(old, new)
    assert sorted(lines_of(change)) == [("Ask the next one too when late", "On"), ("Strategy", "cheapest")]


def test_switches_read_as_on_the_screen() -> None:
    old = document_of(Configuration())
    (change,) = changes_between(old, {**old, "flags": {**old["flags"], "openai": False}})
    assert sides_of(change) == ("On", "Off")


def test_a_long_value_is_not_cut(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    document = run(backend.configuration.current(OWNER)).document
    names = [f"{LONG}-{number}" for number in range(60)]
    run(backend.configuration.keep_draft(with_first(document, useCases=names), 1, OWNER))
    assert names[-1] in said(open_console(backend, page="providers"))


@pytest.mark.parametrize(
    ("value", "words"),
    [(2.0, "2"), (0.5, "0.5"), (128_000, "128,000"), (float("inf"), "inf"), (10**310, f"{10**310:,}")],
)
def test_numbers_of_a_draft_are_shown_whatever_they_are(value: float, words: str) -> None:
    assert shown_value(value) == words
