"""OpenAI's embeddings: for each input a direction that depends on nothing but the input and the model."""

from array import array
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import shake_256
from math import sqrt
from typing import Any, Final

import msgspec

from simulator.models import EMBEDDING_SIZES
from simulator.openai_fields import decoded, missing, named_model, unknown_model, unsupported, whole, wrong
from simulator.reply import JSON_TYPE, Reply
from simulator.tokens import prompt_tokens
from simulator.vendor_errors import WireError

_MOST_INPUTS: Final = 2_048
_MOST_TOKENS: Final = 8_192
_MOST_TOKENS_IN_ALL: Final = 300_000
_FORMATS: Final = ("float", "base64")
_FIXED_SIZE: Final = "text-embedding-ada-002"

Input = str | list[int]


def embedding_reply(body: bytes) -> Reply:
    """Return the reply to a request for embeddings, or raise WireError as OpenAI would answer it."""
    data = decoded(body)
    model = named_model(data)
    most = EMBEDDING_SIZES.get(model)
    if most is None:
        raise unknown_model(model)
    inputs = list(_inputs(data.get("input")))
    size = _size(data, model, most)
    form = data.get("encoding_format") or "float"
    if form not in _FORMATS:
        text = f"Invalid value: '{form}'. Supported values are: 'float' and 'base64'."
        raise WireError(400, text, "encoding_format", "invalid_value")
    tokens = sum(_counted(each) for each in inputs)
    vectors = [
        {"object": "embedding", "index": index, "embedding": _written(_direction(model, each, size), form)}
        for index, each in enumerate(inputs)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    answer = {"object": "list", "data": vectors, "model": model, "usage": usage}
    frame = msgspec.json.format(msgspec.json.encode(answer), indent=2) + b"\n"
    return Reply(200, {"content-type": JSON_TYPE}, [frame], [0], model=model, prompt_tokens=tokens, marked=True)


def _size(data: dict[str, Any], model: str, most: int) -> int:
    wanted = whole(data, "dimensions", most)
    if wanted is not None and model == _FIXED_SIZE:
        raise unsupported("dimensions")
    return wanted or most


def _inputs(given: Any) -> Iterator[Input]:
    if given is None:
        raise missing("input")
    if isinstance(given, str) or (isinstance(given, list) and given and all(map(_is_token, given))):
        given = [given]
    if not isinstance(given, list) or not given:
        raise wrong("input", "a string, or a non-empty array of strings or of tokens")
    if len(given) > _MOST_INPUTS:
        text = f"Invalid 'input': array too long. Expected at most {_MOST_INPUTS}, but got {len(given)} instead."
        raise WireError(400, text, "input", "array_above_max_length")
    for index, each in enumerate(given):
        if not each or not (isinstance(each, str) or (isinstance(each, list) and all(map(_is_token, each)))):
            raise WireError(400, f"'$.input[{index}]' is invalid.", f"input[{index}]")
        yield each
    tokens = [_counted(each) for each in given]
    if max(tokens) > _MOST_TOKENS or sum(tokens) > _MOST_TOKENS_IN_ALL:
        text = (
            f"This model's maximum context length is {_MOST_TOKENS} tokens, however you requested {max(tokens)} "
            "tokens. Please reduce your prompt."
        )
        raise WireError(400, text, "input", "context_length_exceeded")


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _counted(given: Input) -> int:
    return prompt_tokens(len(given)) if isinstance(given, str) else len(given)


def _direction(model: str, given: Input, size: int) -> Sequence[float]:
    """Return a vector of length 1."""
    told = msgspec.json.encode((model, given))
    drawn = array("h", shake_256(told).digest(2 * size))
    length = sqrt(sum(each * each for each in drawn)) or 1.0
    return array("f", (each / length for each in drawn))


def _written(vector: Sequence[float], form: str) -> Any:
    if form == "float":
        return list(vector)
    return b64encode(array("f", vector).tobytes()).decode()
