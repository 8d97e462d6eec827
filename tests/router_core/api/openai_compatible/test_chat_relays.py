"""Chat completions through the whole router: what happens behind them shows in no seam."""

import json
from typing import Any

from router_core.errors import NetworkError
from router_core.types import (
    AnswerEnd,
    NativeEvents,
    ProviderAnswer,
    Snapshot,
    TextDelta,
    Usage,
    UseCasePolicy,
)
from tests.support.core_fakes import CoreRig, provider, rig
from tests.support.relay_desk import relay_desk

CHAT = "/v1/chat/completions"
ASKED: dict[str, Any] = {"model": "use-case:general", "messages": [{"role": "user", "content": "Hello"}]}
USED = Usage(input_tokens=3, output_tokens=2)
WORD = (
    b'{"id":"chatcmpl-v","created":9,"model":"v","choices":[{"index":0,"delta":{"role":"assistant","content":"One"}}]}'
)
REFUSED = b'{"id":"chatcmpl-v","choices":[{"index":0,"message":{"refusal":"No."},"finish_reason":"stop"}]}'
REFUSAL = ProviderAnswer(text="No.", finish_reason="content-filter", usage=USED, model="v", native=REFUSED)


def two_rows(**policy: Any) -> CoreRig:
    rows = [provider("a", use_cases=("general",)), provider("b", kind="anthropic", use_cases=("general",))]
    return rig(Snapshot(rows, policies={"general": UseCasePolicy(order=("a", "b"), **policy)}))


async def test_a_stream_that_broke_off_and_went_on_at_another_vendor_is_one_stream() -> None:
    core = two_rows(mid_stream="resume")
    core.adapters.script(
        "a", (NativeEvents((WORD,), 1), TextDelta("One"), NetworkError("connection reset", provider="a"))
    )
    core.adapters.script("b", (TextDelta(" two"), AnswerEnd(finish_reason="stop", usage=USED, model="c")))
    desk = await relay_desk(core.router)
    heard = await desk.ask(CHAT, {**ASKED, "stream": True, "stream_options": {"include_usage": True}})
    *events, done, end = heard.body.decode().split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    chunks = [json.loads(each.removeprefix("data: ")) for each in events]
    assert {(each["id"], each["model"]) for each in chunks} == {("chatcmpl-v", "v")}
    assert "".join(each["choices"][0]["delta"].get("content", "") for each in chunks[:-1]) == "One two"
    assert (chunks[-2]["choices"][0]["finish_reason"], chunks[-1]["choices"]) == ("stop", [])
    assert chunks[-1]["usage"]["completion_tokens"] >= 2
    core.assert_nothing_held()


async def test_a_refusal_comes_back_as_the_vendor_said_it_when_nobody_takes_over() -> None:
    core = two_rows()
    core.adapters.script("a", REFUSAL)
    heard = await (await relay_desk(core.router)).ask(CHAT, ASKED)
    assert (heard.status, heard.body) == (200, REFUSED)


async def test_a_refusal_that_another_takes_over_is_not_heard() -> None:
    core = two_rows(refusal_fails_over=True)
    core.adapters.script("a", REFUSAL)
    core.adapters.script("b", ProviderAnswer(text="Yes.", finish_reason="stop", usage=USED, model="c"))
    heard = await (await relay_desk(core.router)).ask(CHAT, ASKED)
    choice = json.loads(heard.body)["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Yes.", "stop")
    assert (b"x-signalbox-provider", b"b") in heard.headers


async def test_labels_of_the_client_are_on_record() -> None:
    core = two_rows()
    core.adapters.script("a", ProviderAnswer(text="Hi", finish_reason="stop", usage=USED, model="v", native=b"{}"))
    await (await relay_desk(core.router)).ask(CHAT, {**ASKED, "user": "ada", "metadata": {"ticket": "T-1"}})
    event = core.events.only
    assert (event.metadata, event.account_id) == ({"ticket": "T-1", "user": "ada"}, "acme")
