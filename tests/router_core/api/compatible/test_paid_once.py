"""What is sent again under its key is called, charged and recorded once, whatever the path."""

from typing import Any

import pytest

from tests.support.core_fakes import answer, parts, rig
from tests.support.prompt_routes import PROMPT_ROUTES
from tests.support.relay_desk import relay_desk

MINI = "openai-gpt4o-mini"
PROMPTS = [(route.path, route.asked("Hi", stream=stream)) for route in PROMPT_ROUTES for stream in (False, True)]
VECTORS = ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "Hi"})


@pytest.mark.parametrize(("path", "body"), [*PROMPTS, VECTORS], ids=str)
async def test_what_is_sent_again_is_called_charged_and_recorded_once(path: str, body: dict[str, Any]) -> None:
    core = rig()
    script = parts("Hel", "lo") if body.get("stream") else answer("Hello", native=b'{"object":"list","data":[]}')
    core.adapters.always(MINI, script)
    desk = await relay_desk(core.router)
    first, second = [await desk.ask(path, body, idempotency_key="k") for _ in range(2)]
    assert (first.status, second.status, second.body) == (200, 200, first.body)
    assert (b"idempotent-replayed", b"true") in second.headers
    assert len(core.adapters.calls) == len(core.ledger.entries) == len(core.events.events) == 1
    core.assert_nothing_held()
