"""Reads OpenAI's embeddings: what they used; the vectors are handed on as they are."""

import msgspec
from msgspec import Raw, Struct, field

from router_core.providers.failures import UnreadableAnswerError
from router_core.providers.token_counts import checked_usage
from router_core.types import LLMRequest, ProviderAnswer, RelayedRequest, Usage

__all__ = ["read_embeddings"]

_CHARS_PER_TOKEN = 4


class _Embeddings(Struct):
    data: list[Raw]
    model: str = ""
    usage: Raw = field(default_factory=Raw)


class _UsageFields(Struct):
    prompt_tokens: int


_decode_embeddings = msgspec.json.Decoder(_Embeddings).decode
_decode_usage = msgspec.json.Decoder(_UsageFields | None).decode


def read_embeddings(body: bytes, request: LLMRequest) -> ProviderAnswer:
    """Return what ``body`` says beside its vectors. Raises :class:`UnreadableAnswerError` when it is no embeddings."""
    try:
        found = _decode_embeddings(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableAnswerError("The provider's answer is no embeddings") from None
    usage = _usage(found.usage) or _estimated(request)
    return ProviderAnswer(text="", finish_reason="stop", usage=usage, model=found.model)


def _usage(raw: Raw) -> Usage | None:
    data = bytes(raw)
    try:
        found = _decode_usage(data) if data else None
    except msgspec.DecodeError:
        return None
    return None if found is None else checked_usage(input_tokens=found.prompt_tokens, output_tokens=0)


def _estimated(request: LLMRequest) -> Usage:
    counted = request.native.unseen_tokens if isinstance(request, RelayedRequest) else 0
    guessed = -(-len(request.prompt or "") // _CHARS_PER_TOKEN)
    return Usage(input_tokens=counted + guessed, estimated=True)
