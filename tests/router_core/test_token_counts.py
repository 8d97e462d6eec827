"""Counting what a model would read: by its vendor where it can, else by our estimate; free, and within limits."""

import pytest

from router_core.errors.provider_errors import NetworkError, RequestRefusedError
from router_core.selection.needs import estimate_input_tokens
from router_core.types import TokenCount
from tests.support.core_fakes import ask, provider, rig

HAIKU = "anthropic-claude-haiku-4-5"
MINI = "openai-gpt4o-mini"
DOWN = NetworkError("no route", provider=HAIKU)


async def test_the_vendor_counts_for_nothing_and_leaves_no_record() -> None:
    desk = rig()
    desk.adapters.script(HAIKU, 17)
    found = await desk.router.count_tokens(ask(use_case="draft"))
    assert found == TokenCount(tokens=17, estimated=False, provider=HAIKU, model="claude-haiku-4-5")
    assert desk.events.events == []


async def test_where_the_vendor_does_not_count_we_estimate_and_say_so() -> None:
    desk = rig()
    desk.adapters.script(MINI, None)
    request = ask()
    found = await desk.router.count_tokens(request)
    assert (found.tokens, found.estimated, found.provider) == (estimate_input_tokens(request), True, MINI)


async def test_another_row_counts_where_the_first_fails_and_no_breaker_hears_of_it() -> None:
    desk = rig(providers=(provider(HAIKU, kind="anthropic"), provider("spare", kind="anthropic")))
    desk.adapters.script(HAIKU, *[DOWN] * 6)
    desk.adapters.script("spare", *range(6))
    for _ in range(6):
        await desk.router.count_tokens(ask())
    upstream = desk.router.upstream_of(provider(HAIKU, kind="anthropic"))
    assert upstream is not None
    assert upstream.breaker.get_state().state == "CLOSED"


@pytest.mark.parametrize("refusal", [RequestRefusedError("no", provider=HAIKU), DOWN])
async def test_what_nobody_can_count_is_the_last_one_s_error(refusal: Exception) -> None:
    desk = rig(providers=(provider(HAIKU, kind="anthropic"),))
    desk.adapters.script(HAIKU, refusal)
    with pytest.raises(type(refusal)):
        await desk.router.count_tokens(ask())
