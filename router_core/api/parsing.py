"""From a JSON body to an :class:`LLMRequest`, with faults that name the field and never echo a value."""

import re

import msgspec

from router_core.api.body import check_json
from router_core.api.chat import is_chat, request_document
from router_core.api.checks import check_request
from router_core.errors import ValidationError
from router_core.types import LLMRequest
from router_core.wording import in_plain_words

__all__ = ["explained", "parse_request"]

_DECODER = msgspec.json.Decoder(LLMRequest)
_PATH = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
_NAMED = re.compile(r"Object (contains unknown|missing required) field `([A-Za-z_][A-Za-z0-9_.-]{0,63})`")
_OURS = ("exactly one of `prompt` and `messages` is required", "`metadata` has more than")


def parse_request(body: bytes) -> LLMRequest:
    """Return the request in ``body``, which may also be what the AI SDK's ``useChat`` posts.

    Raises :class:`ValidationError` with the first fault found.
    """
    check_json(body)
    try:
        request = _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        request = _from_chat(body, error)
    check_request(request)
    return request


def _from_chat(body: bytes, error: Exception) -> LLMRequest:
    if not is_chat(body):
        raise explained(error) from None
    try:
        return _DECODER.decode(request_document(body))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise explained(fault) from None


def explained(error: Exception) -> ValidationError:
    """Say what is wrong in words of our own: msgspec's may quote the input."""
    if not isinstance(error, msgspec.ValidationError):
        return ValidationError("the body is not valid JSON")
    text = str(error)
    path = _PATH.search(text)
    field = path[1] if path else None
    named = _NAMED.match(text)
    if named:
        kind = "unknown field" if named[1].startswith("contains") else "missing field"
        return ValidationError(f"{kind} `{named[2]}`", field=f"{field}.{named[2]}" if field else named[2])
    return ValidationError(_reason(_PATH.sub("", text)), field=field or _top_field(text))


def _reason(text: str) -> str:
    plain = in_plain_words(text)
    if plain is not None:
        return plain
    if text.startswith(_OURS):
        return text
    return "unknown field" if text.startswith("Object contains unknown field") else "not one of the allowed values"


def _top_field(text: str) -> str | None:
    return "prompt" if text.startswith(_OURS[0]) else "metadata" if text.startswith(_OURS[1]) else None
