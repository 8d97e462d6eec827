"""Responses as the official client reads them, made of another vendor's answers; a vendor's own events as they are."""

import json
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import httpx2
import openai
import pytest
from msgspec import Raw
from openai import AsyncOpenAI
from pydantic import BaseModel

from router_core.api.openai_compatible.response_request import parse_response
from router_core.api.openai_compatible.response_stream import ResponseEvents
from router_core.errors import NetworkError
from router_core.types import (
    AnswerEnd,
    Cost,
    FinishPart,
    FinishReason,
    NativeEvents,
    NativeRequest,
    ProviderPart,
    ReasoningDelta,
    ReasoningPart,
    RelayedRequest,
    RelayedResponse,
    StartPart,
    StreamPart,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallPart,
    ToolCallStart,
    Usage,
    WireUsage,
)
from tests.support.core_fakes import CoreRig, answer, parts, rig
from tests.support.relay_desk import relay_desk

# The official client without its types: items of an answer are read as they come.
OpenAIClient: TypeAlias = Any

CLAUDE = "anthropic-claude-haiku-4-5"
GPT = "openai-gpt4o-mini"
SPENT = Usage(input_tokens=3, cache_read_tokens=4, cache_write_tokens=2, output_tokens=5, reasoning_tokens=6)
CALL = ToolCall(tool_call_id="toolu_1", tool_name="look", args={"at": "sky"})
OTHER = ToolCall(tool_call_id="toolu_2", tool_name="look", args={})
LOOK: Any = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}, "strict": True}
THOUGHT = ReasoningPart(text="Let me see.", signature="sealed")


class Plan(BaseModel):
    days: int


@pytest.fixture
def core() -> CoreRig:
    return rig()


@pytest.fixture
async def client(core: CoreRig) -> AsyncIterator[AsyncOpenAI]:
    desk = await relay_desk(core.router)
    transport = httpx2.ASGITransport(app=desk.app)
    async with (
        httpx2.AsyncClient(transport=transport) as http,
        AsyncOpenAI(base_url="http://signalbox.test/v1", api_key=desk.key, max_retries=0, http_client=http) as made,
    ):
        yield made


async def streamed(client: OpenAIClient, **asked: Any) -> tuple[list[Any], Any]:
    async with client.responses.stream(model=CLAUDE, input="Hi", **asked) as stream:
        events = [event async for event in stream]
        return events, await stream.get_final_response()


def ended(finish: FinishReason) -> AnswerEnd:
    return AnswerEnd(finish_reason=finish, usage=SPENT, model="claude-haiku-4-5-dated")


def everything() -> tuple[ProviderPart, ...]:
    return (
        ReasoningDelta("Let me"), ReasoningDelta(" see."), ReasoningDelta(signature="sealed"),
        ReasoningDelta(data="hidden"), TextDelta("I "), TextDelta("look"),
        ToolCallStart("toolu_1", "look"), ToolCallDelta("toolu_1", '{"at":'), ToolCallDelta("toolu_1", '"sky"}'),
        ToolCallEnd(CALL), ToolCallStart("toolu_2", "look"), ToolCallEnd(OTHER),
        ended("tool-calls"),
    )  # fmt: skip


async def test_another_vendor_s_answer_is_a_whole_response(core: CoreRig, client: OpenAIClient) -> None:
    core.adapters.script(
        CLAUDE, answer("I look", reasoning=(THOUGHT,), tool_calls=(CALL,), usage=SPENT, model="claude-haiku-4-5-dated")
    )
    made = await client.responses.create(
        model=CLAUDE, input="Hi", instructions="Be kind", tools=[LOOK], metadata={"a": "b"}, temperature=0.0
    )
    assert (made.object, made.status, made.model) == ("response", "completed", "claude-haiku-4-5")
    assert (made.instructions, made.metadata, made.temperature) == ("Be kind", {"a": "b"}, 0.0)
    assert (made.output_text, [item.type for item in made.output]) == (
        "I look", ["reasoning", "message", "function_call"],
    )  # fmt: skip
    assert (made.output[2].call_id, json.loads(made.output[2].arguments)) == ("toolu_1", {"at": "sky"})
    assert made.usage is not None
    told = made.usage
    assert (told.input_tokens, told.output_tokens, told.total_tokens) == (9, 11, 20)
    assert (told.input_tokens_details.cached_tokens, told.output_tokens_details.reasoning_tokens) == (4, 6)


async def test_another_vendor_s_stream_has_every_event_that_the_helper_wants(
    core: CoreRig, client: OpenAIClient
) -> None:
    core.adapters.script(CLAUDE, everything())
    events, final = await streamed(client, tools=[LOOK])
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type.removeprefix("response.") for event in events] == [
        "created", "in_progress",
        "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta",
        "reasoning_summary_text.delta", "reasoning_summary_text.done", "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added", "output_item.done",
        "output_item.added", "content_part.added", "output_text.delta", "output_text.delta", "output_text.done",
        "content_part.done", "output_item.done",
        "output_item.added", "function_call_arguments.delta", "function_call_arguments.delta",
        "function_call_arguments.done", "output_item.done",
        "output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
        "completed",
    ]  # fmt: skip
    assert [item.type for item in final.output] == ["reasoning", "reasoning", "message", *["function_call"] * 2]
    assert [item.parsed_arguments for item in final.output[3:]] == [{"at": "sky"}, {}]
    assert (final.output_text, final.usage.total_tokens, len({item.id for item in final.output})) == ("I look", 20, 5)


async def test_a_translated_answer_given_back_says_what_was_answered(core: CoreRig, client: OpenAIClient) -> None:
    core.adapters.script(CLAUDE, everything())
    _, final = await streamed(client, tools=[LOOK])
    given = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in final.output]
    again = parse_response(json.dumps({"model": CLAUDE, "input": given}).encode(), {})
    (turn,) = again.messages or ()
    assert isinstance(turn.content, tuple)
    thoughts = [part for part in turn.content if isinstance(part, ReasoningPart)]
    assert thoughts == [THOUGHT, ReasoningPart(data="hidden")]
    assert [part.args for part in turn.content if isinstance(part, ToolCallPart)] == [{"at": "sky"}, {}]
    assert all(item["type"] != "reasoning" for item in json.loads(bytes(again.native.fields["input"])))


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [("stop", "completed", None), ("length", "incomplete", "max_output_tokens"),
     ("content-filter", "incomplete", "content_filter")],
)  # fmt: skip
async def test_whole_or_streamed_a_response_says_how_it_ended(
    core: CoreRig, client: OpenAIClient, finish: FinishReason, status: str, reason: str | None
) -> None:
    core.adapters.script(CLAUDE, (TextDelta("Hel"), ended(finish)))
    stream = await client.responses.create(model=CLAUDE, input="Hi", stream=True)
    last = [event async for event in stream][-1]
    assert last.type == f"response.{status}"
    made = last.response
    assert (made.status, made.incomplete_details and made.incomplete_details.reason) == (status, reason)
    assert made.output[0].status == status


async def test_structured_answers_of_another_vendor_can_be_parsed(core: CoreRig, client: OpenAIClient) -> None:
    core.adapters.script(CLAUDE, answer('{"days": 3}'), parts('{"days"', ": 4}"))
    made = await client.responses.parse(model=CLAUDE, input="Hi", text_format=Plan)
    assert made.output_parsed == Plan(days=3)
    _, final = await streamed(client, text_format=Plan)
    assert final.output_parsed == Plan(days=4)


async def test_a_failure_is_the_client_s_own_error(core: CoreRig, client: OpenAIClient) -> None:
    core.adapters.script(CLAUDE, (TextDelta("Hel"), NetworkError("gone", provider=CLAUDE)))
    stream = await client.responses.create(model=CLAUDE, input="Hi", stream=True)
    with pytest.raises(openai.APIError, match="gone"):
        [event async for event in stream]


@pytest.mark.parametrize(("method", "path"), [("GET", "resp_1"), ("DELETE", "resp_1"), ("GET", "resp_1/input_items")])
async def test_no_response_is_kept(core: CoreRig, method: str, path: str) -> None:
    heard = await (await relay_desk(core.router)).ask(f"/v1/responses/{path}", method=method)
    assert (heard.status, json.loads(heard.body)["error"]["code"]) == (404, "not_found")


# --- events --------------------------------------------------------------------------------------------------------


def vendor_event(kind: str, number: int, **fields: Any) -> bytes:
    # As the vendor writes it, not as we would.
    return json.dumps({"type": f"response.{kind}", **fields, "sequence_number": number, "obfuscation": "x"}).encode()


HEAD = {"id": "resp_theirs", "created_at": 5, "model": "gpt-4o-mini-dated", "output": []}
BEGUN = (
    vendor_event("created", 0, response=HEAD),
    vendor_event("in_progress", 1, response=HEAD),
    vendor_event("output_item.added", 2, output_index=0, item={"id": "msg_theirs", "type": "message"}),
    vendor_event("content_part.added", 3, item_id="msg_theirs", output_index=0, content_index=0, part={}),
    vendor_event("output_text.delta", 4, item_id="msg_theirs", output_index=0, content_index=0, delta="Hel"),
)
END = vendor_event("completed", 5, response={**HEAD, "status": "completed"})


def finish_part(text: str = "") -> FinishPart:
    return FinishPart(
        RelayedResponse(
            request_id="r:1", text=text, provider=GPT, model="gpt-4o-mini", tool_calls=(), finish_reason="stop",
            steps=1, cached=False, usage=WireUsage.of(SPENT), latency_ms=1.0, cost=Cost(usd=None, estimated=False),
            spent=SPENT,
        )
    )  # fmt: skip


def encoder() -> ResponseEvents:
    request = RelayedRequest(
        prompt="Hi", native=NativeRequest(protocol="openai-responses", fields={"input": Raw(b'"Hi"')})
    )
    return ResponseEvents(request, "r:1", 17)


def told(stream: ResponseEvents, *given: StreamPart) -> list[dict[str, Any]]:
    """Return the events of a stream; each says its name twice."""
    found = []
    for block in b"".join(map(stream.encode, given)).decode().split("\n\n")[:-1]:
        name, data = block.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def test_the_vendor_s_events_go_out_as_they_are_and_the_last_one_when_the_answer_is_on_record() -> None:
    stream = encoder()
    start = StartPart("r:1", GPT, "gpt-4o-mini")
    given: list[StreamPart] = [start, NativeEvents(BEGUN, 1), TextDelta("Hel"), NativeEvents((END,))]
    before = b"".join(map(stream.encode, given))
    assert [line[6:] for line in before.split(b"\n") if line.startswith(b"data: ")] == list(BEGUN)
    assert stream.encode(finish_part()) == b"event: response.completed\ndata: %s\n\n" % END


def test_an_answer_that_goes_on_elsewhere_goes_on_in_the_same_item() -> None:
    stream = encoder()
    told(stream, StartPart("r:1", GPT, "gpt-4o-mini"), NativeEvents(BEGUN, 1), TextDelta("Hel"))
    rest = told(stream, TextDelta("lo"), finish_part("Hello"))
    assert [(each["type"].removeprefix("response."), each["sequence_number"]) for each in rest] == [
        ("output_text.delta", 5), ("output_text.done", 6), ("content_part.done", 7), ("output_item.done", 8),
        ("completed", 9),
    ]  # fmt: skip
    assert {each["item_id"] for each in rest[:3]} == {"msg_theirs"}
    whole = rest[-1]["response"]
    assert (whole["id"], whole["created_at"], whole["model"]) == ("resp_theirs", 5, "gpt-4o-mini-dated")
    assert whole["output"][0]["content"][0]["text"] == rest[1]["text"] == "Hello"


def test_a_stream_without_a_word_is_whole_all_the_same_and_its_ids_are_fit_for_every_vendor() -> None:
    events = told(encoder(), StartPart("r:1", CLAUDE, "claude-haiku-4-5"), finish_part())
    assert [each["type"] for each in events] == ["response.created", "response.in_progress", "response.completed"]
    assert {each["response"]["id"] for each in events} == {"resp_r_1"}


def test_a_failure_is_an_error_and_a_failed_response_with_what_was_said() -> None:
    stream = encoder()
    told(stream, StartPart("r:1", GPT, "gpt-4o-mini"), NativeEvents(BEGUN, 1), TextDelta("Hel"))
    blocks = stream.failure(NetworkError("gone", provider=GPT)).decode().split("\n\n")
    error, failed = (json.loads(block.split("\n")[1][6:]) for block in blocks[:2])
    assert (error["type"], error["error"]["code"], error["sequence_number"]) == ("error", "network", 5)
    assert (failed["type"], failed["response"]["status"], failed["response"]["id"]) == (
        "response.failed", "failed", "resp_theirs",
    )  # fmt: skip
    [said] = failed["response"]["output"]
    assert (said["id"], said["status"], said["content"][0]["text"]) == ("msg_theirs", "incomplete", "Hel")


def test_calls_that_take_turns_stay_apart_and_in_their_places() -> None:
    stream = encoder()
    events = told(
        stream, StartPart("r:1", CLAUDE, "claude-haiku-4-5"), ToolCallStart("toolu_1", "look"),
        ToolCallStart("toolu_2", "look"), ToolCallDelta("toolu_1", '{"at":'), ToolCallDelta("toolu_2", "{}"),
        ToolCallDelta("toolu_1", '"sky"}'), ToolCallEnd(OTHER), ToolCallEnd(CALL), finish_part(),
    )  # fmt: skip
    whole = events[-1]["response"]["output"]
    assert [(item["call_id"], json.loads(item["arguments"])) for item in whole] == [
        ("toolu_1", {"at": "sky"}), ("toolu_2", {}),
    ]  # fmt: skip
