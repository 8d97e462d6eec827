"""Responses through the whole router: a vendor's own body, kept answers, and streams that go on elsewhere."""

import json
from typing import Any

from router_core.errors import NetworkError
from router_core.types import (
    AnswerEnd,
    NativeEvents,
    ProviderAnswer,
    RelayedRequest,
    Snapshot,
    TextDelta,
    TunedRequest,
    Usage,
    UseCasePolicy,
)
from tests.support.core_fakes import CoreRig, provider, rig
from tests.support.relay_desk import relay_desk

RESPONSES = "/v1/responses"
ASKED: dict[str, Any] = {"model": "use-case:general", "input": "Hello"}
USED = Usage(input_tokens=3, output_tokens=2)
BODY = b'{"id": "resp_v",  "object":"response", "output":[]}'
WHOLE = ProviderAnswer(text="Hi there", finish_reason="stop", usage=USED, model="v", native=BODY)
ITEM = {"item_id": "msg_v", "output_index": 0, "content_index": 0}
SAID: list[tuple[str, dict[str, Any]]] = [
    ("created", {"response": {"id": "resp_v", "created_at": 9, "model": "v", "output": []}}),
    ("output_item.added", {"output_index": 0, "item": {"id": "msg_v", "type": "message"}}),
    ("content_part.added", {**ITEM, "part": {"type": "output_text", "text": ""}}),
    ("output_text.delta", {**ITEM, "delta": "One"}),
]
BEGUN = tuple(
    json.dumps({"type": f"response.{kind}", "sequence_number": number, **fields}).encode()
    for number, (kind, fields) in enumerate(SAID)
)


def two_rows(**policy: Any) -> CoreRig:
    rows = [provider("a", use_cases=("general",)), provider("b", kind="anthropic", use_cases=("general",))]
    return rig(Snapshot(rows, policies={"general": UseCasePolicy(order=("a", "b"), **policy)}))


def events(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in body.decode().split("\n") if line.startswith("data: ")]


async def test_a_stream_that_broke_off_and_went_on_at_another_vendor_is_one_stream() -> None:
    core = two_rows(mid_stream="resume")
    core.adapters.script("a", (NativeEvents(BEGUN, 1), TextDelta("One"), NetworkError("reset", provider="a")))
    core.adapters.script("b", (TextDelta(" two"), AnswerEnd(finish_reason="stop", usage=USED, model="c")))
    desk = await relay_desk(core.router)
    told = events((await desk.ask(RESPONSES, {**ASKED, "stream": True})).body)
    assert [each["sequence_number"] for each in told] == list(range(len(told)))
    assert "".join(each["delta"] for each in told if each["type"] == "response.output_text.delta") == "One two"
    whole = told[-1]["response"]
    assert (told[-1]["type"], whole["id"], whole["model"]) == ("response.completed", "resp_v", "v")
    assert [(item["id"], item["content"][0]["text"]) for item in whole["output"]] == [("msg_v", "One two")]
    first, second = (call.request for call in core.adapters.calls)
    assert isinstance(first, RelayedRequest)
    # What is asked for the rest is in our terms, whoever answers.
    assert type(second) is TunedRequest
    core.assert_nothing_held()


async def test_an_answer_that_was_kept_whole_serves_a_stream_too() -> None:
    core = two_rows()
    core.adapters.script("a", WHOLE)
    desk = await relay_desk(core.router)
    first = await desk.ask(RESPONSES, ASKED, x_signalbox_cache="60")
    again = await desk.ask(RESPONSES, ASKED, x_signalbox_cache="60")
    assert (first.body, again.body, dict(again.headers)[b"x-signalbox-cost-usd"]) == (BODY, BODY, b"0.000000")
    streamed = await desk.ask(RESPONSES, {**ASKED, "stream": True}, x_signalbox_cache="60")
    told = events(streamed.body)
    assert "".join(each["delta"] for each in told if each["type"] == "response.output_text.delta") == "Hi there"
    assert (told[-1]["type"], dict(streamed.headers)[b"x-signalbox-cache"]) == ("response.completed", b"hit")
    assert core.adapters.called == ["a"]


async def test_what_only_openai_can_say_is_asked_of_nobody_else() -> None:
    core = two_rows()
    core.adapters.script("a", WHOLE)
    heard = await (await relay_desk(core.router)).ask(RESPONSES, {**ASKED, "top_logprobs": 2})
    assert (heard.status, heard.body) == (200, BODY)
    core = rig([provider("b", kind="anthropic", use_cases=("general",))])
    heard = await (await relay_desk(core.router)).ask(RESPONSES, {**ASKED, "model": "b", "top_logprobs": 2})
    assert heard.status == 400
    assert "top_logprobs" in json.loads(heard.body)["error"]["message"]
    assert core.adapters.calls == []


async def test_labels_of_the_client_are_on_record() -> None:
    core = two_rows()
    core.adapters.script("a", WHOLE)
    await (await relay_desk(core.router)).ask(RESPONSES, {**ASKED, "user": "ada", "metadata": {"ticket": "T-1"}})
    event = core.events.only
    assert (event.metadata, event.account_id) == ({"ticket": "T-1", "user": "ada"}, "acme")
