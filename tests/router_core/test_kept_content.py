"""Prompt and answer are kept only where the account allows it, and cleaned when nobody waits any more."""

from router_core.audit.content import kept_content
from router_core.types import Content, LLMRequest, Message, ReasoningPart, Snapshot
from tests.support.core_fakes import answer, ask, rig, service


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


async def test_an_event_says_whether_personal_data_in_it_stays() -> None:
    desk = rig()
    for _ in range(2):
        desk.adapters.script("openai-gpt4o-mini", answer("yes"))
        await desk.router.complete(ask(prompt="x"), service("acme"))
        kept = frozenset({"acme"})
        desk.config.replace(Snapshot(desk.config.snapshot().providers, personal_accounts=kept))
    assert [each.keeps_personal for each in desk.events.events] == [False, True]


async def test_the_provider_gets_what_was_asked_to_the_letter() -> None:
    desk = rig()
    desk.config.replace(Snapshot(desk.config.snapshot().providers, content_accounts=frozenset({"acme"})))
    prompt = "mail ada@example.com the key sk-proj-Ab12Cd34Ef56Gh78 and card 4111 1111 1111 1111"
    desk.adapters.script("openai-gpt4o-mini", answer(f"sent: {prompt}"))
    served = await desk.router.complete(ask(prompt=prompt), service("acme"))
    assert served.text == f"sent: {prompt}"
    assert desk.adapters.calls[-1].request.prompt == prompt


def test_long_text_is_cut_between_two_words() -> None:
    kept = kept_content(LLMRequest(prompt="a-long-word " * 60_000), "")
    assert len(kept.prompt) < 40_000
    assert kept.prompt.endswith("a-long-word … cut")


def test_of_thoughts_the_text_is_kept_and_no_seal() -> None:
    thoughts = (ReasoningPart(text="Hm", signature="c2VhbA"), ReasoningPart(data="bG9ja2Vk"))
    kept = kept_content(LLMRequest(messages=(Message(role="assistant", content=thoughts),)), "")
    assert "Hm" in kept.prompt
    assert "c2VhbA" not in kept.prompt
    assert "bG9ja2Vk" not in kept.prompt
