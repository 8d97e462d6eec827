"""Prompt and answer are kept only where the account allows it, with what looks like a secret masked."""

from router_core.audit.content import MetadataValue, kept_content, kept_metadata
from router_core.types import Content, LLMRequest, Snapshot
from tests.support.core_fakes import answer, ask, rig, service

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"


async def test_nothing_is_kept_unless_the_account_allows_it() -> None:
    desk = rig()
    for _ in range(2):
        desk.adapters.script("openai-gpt4o-mini", answer("yes"))
        await desk.router.complete(ask(prompt="what is it"), service("acme"))
        allowed = frozenset({"acme"})
        desk.config.replace(Snapshot(desk.config.snapshot().providers, content_accounts=allowed))
    first, second = (each.content for each in desk.events.events)
    assert first is None
    assert second == Content(prompt="what is it", answer="yes")


def test_secrets_are_masked_and_lines_stay() -> None:
    kept = kept_content(LLMRequest(prompt=f"use {KEY}\nplease"), f"never say {KEY}")
    assert KEY not in kept.prompt
    assert KEY not in kept.answer
    assert kept.prompt.endswith("\nplease")


def test_long_text_is_cut() -> None:
    assert len(kept_content(LLMRequest(prompt="x " * 60_000), "").prompt) < 40_000


def test_what_a_caller_says_about_a_request_is_kept_as_it_is_but_for_secrets() -> None:
    plain: dict[str, MetadataValue] = {
        "team": "Öl & Gas\r\n=cmd",
        "turn": 3,
        "share": 0.5,
        "last": True,
        "parent": None,
    }
    assert kept_metadata(plain) == plain
    kept = kept_metadata({f"key {KEY}": f"use {KEY} please"})
    assert KEY not in str(kept)
    assert str(next(iter(kept.values()))).endswith(" please")


async def test_secrets_in_what_a_caller_says_are_recorded_masked() -> None:
    desk = rig()
    desk.adapters.script("openai-gpt4o-mini", answer("yes"))
    await desk.router.complete(ask(metadata={"note": KEY, "team": "blue"}), service("acme"))
    assert desk.events.only.metadata["team"] == "blue"
    assert KEY not in str(desk.events.only.metadata)
