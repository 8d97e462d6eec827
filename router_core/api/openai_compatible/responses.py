"""``POST /v1/responses``."""

from collections.abc import Mapping

from router_core.api.call import Call
from router_core.api.compatible.serving import Dialect, serve
from router_core.api.encoding import encode_json
from router_core.api.openai_compatible import response_parts as parts
from router_core.api.openai_compatible.response_request import parse_response
from router_core.api.openai_compatible.response_stream import ResponseEvents
from router_core.types import RelayedRequest, RelayedResponse

__all__ = ["answer_response", "write_response"]


async def answer_response(call: Call) -> None:
    """Answer a request for a response."""
    turn = _Turn()
    await serve(call, Dialect(turn.read, turn.write, ResponseEvents))


class _Turn:
    """One request and its answer, which says what was asked."""

    __slots__ = ("_request",)

    _request: RelayedRequest

    def read(self, body: bytes, headers: Mapping[bytes, bytes]) -> RelayedRequest:
        self._request = parse_response(body, headers)
        return self._request

    def write(self, response: RelayedResponse, created: int) -> bytes:
        return write_response(self._request, response, created)


def write_response(request: RelayedRequest, response: RelayedResponse, created: int) -> bytes:
    """Return the body of the answer: the vendor's own where there is one, else one made of the answer in our terms."""
    if response.native:
        return response.native
    begun = parts.shell(request, response.request_id, created, response.model)
    own = begun["id"].removeprefix("resp_")
    output = [parts.reasoning_item("", thought) for thought in response.reasoning]
    if response.text or not response.tool_calls:
        output.append(parts.message_item("", response.text, parts.item_status(response.finish_reason)))
    output.extend(
        parts.call_item("", call.tool_call_id, call.tool_name, parts.encoded(call.args)) for call in response.tool_calls
    )
    prefixes = {"reasoning": "rs", "message": "msg", "function_call": "fc"}
    named = [{**item, "id": f"{prefixes[item['type']]}_{own}_{place}"} for place, item in enumerate(output)]
    return encode_json(parts.ended(begun, response.finish_reason, named, response.spent))
