"""``POST /v1/embeddings``: passed on to an upstream of OpenAI's kind, and answered with its own bytes."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from router_core.api.call import Call
from router_core.api.compatible.serving import Dialect, serve
from router_core.api.openai_compatible.shared_fields import decoded, labels
from router_core.errors import ValidationError
from router_core.types import NativeRequest, RelayedRequest, RelayedResponse
from router_core.types.request import EMBEDDINGS_USE_CASE

__all__ = ["answer_embeddings", "parse_embeddings"]

MAX_INPUTS: Final = 2_048
MAX_TOKENS: Final = 300_000
MAX_DIMENSIONS: Final = 65_536
_PASSED_ON: Final = frozenset({"input", "encoding_format", "dimensions", "user"})
# A list of numbers is one text, a list of anything else several.
_Token = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class _EmbeddingsRequest(Struct):
    model: Annotated[str, Meta(min_length=1)]
    input: str | Annotated[list[str | _Token | list[_Token]], Meta(min_length=1, max_length=MAX_TOKENS)]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1, le=MAX_DIMENSIONS)] | None = None
    user: str | None = None


_REQUEST: Final = msgspec.json.Decoder(_EmbeddingsRequest)


async def answer_embeddings(call: Call) -> None:
    """Answer a request for embeddings."""
    await serve(call, _EMBEDDINGS)


def parse_embeddings(body: bytes, _headers: Mapping[bytes, bytes]) -> RelayedRequest:
    """Return the request in ``body``. Raises :class:`ValidationError` with the first fault found."""
    asked, fields = decoded(body, _REQUEST)
    if asked.input == "":
        raise ValidationError("must not be empty", field="input")
    given = [asked.input] if isinstance(asked.input, str) else asked.input
    counted = _counted(given)
    return RelayedRequest(
        use_case=EMBEDDINGS_USE_CASE,
        model_override=asked.model,
        prompt="\n".join(each for each in given if isinstance(each, str)),
        temperature=None,
        metadata=labels(None, asked.user),
        native=NativeRequest(
            protocol="openai-embeddings",
            fields={name: value for name, value in fields.items() if name in _PASSED_ON},
            needs=("embeddings",),
            unseen_tokens=counted,
            verbatim=True,
        ),
    )


def _counted(given: Sequence[Any]) -> int:
    """Return the tokens that were counted by the client; a text has one more than its letters tell.

    Raises :class:`ValidationError` for a mixture, for nothing to embed, and for more than vendors take at once.
    """
    kinds = {type(each) for each in given}
    if len(kinds) > 1:
        raise ValidationError("must be all texts, or all tokens", field="input")
    if kinds == {int}:
        return len(given)
    if len(given) > MAX_INPUTS:
        raise ValidationError(f"has more than {MAX_INPUTS} texts", field="input")
    for place, each in enumerate(given):
        if not each:
            raise ValidationError("must not be empty", field=f"input[{place}]")
    if kinds == {str}:
        return len(given)
    tokens = sum(map(len, given))
    if tokens > MAX_TOKENS:
        raise ValidationError(f"has more than {MAX_TOKENS} tokens", field="input")
    return tokens


def _write(response: RelayedResponse, _created: int) -> bytes:
    return response.native


_EMBEDDINGS: Final = Dialect(parse_embeddings, _write)
