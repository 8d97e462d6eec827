"""What OpenAI's endpoints read alike, and refuse in the same words."""

from typing import Any

import msgspec

from simulator.ask import Ask
from simulator.models import CONTEXT_TOKENS, dated_name
from simulator.tokens import OPENAI_IMAGE_TOKENS, OPENAI_LOW_DETAIL_TOKENS
from simulator.vendor_errors import WireError


def decoded(body: bytes) -> dict[str, Any]:
    """Return the object in a body; raises WireError, as all here do."""
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        data = None
    if not isinstance(data, dict):
        raise WireError(400, "We could not parse the JSON body of your request.")
    return data


def named_model(data: dict[str, Any]) -> str:
    """Return the model that a body names."""
    model = data.get("model")
    if not isinstance(model, str) or not model:
        raise WireError(400, "you must provide a model parameter")
    return model


def unknown_model(model: str) -> WireError:
    """Return the refusal of a model that is not there."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return WireError(404, message, code="model_not_found")


def opened(data: dict[str, Any]) -> Ask:
    """Return an empty request to the model that a body names."""
    model = named_model(data)
    dated = dated_name("openai", model)
    if dated is None:
        raise unknown_model(model)
    return Ask("openai", model, dated, stream=data.get("stream") is True)


def missing(param: str) -> WireError:
    """Return the refusal of a body without a parameter."""
    return WireError(400, f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def wrong(param: str, wanted: str, code: str = "invalid_type") -> WireError:
    """Return the refusal of a parameter of another type."""
    return WireError(400, f"Invalid type for '{param}': expected {wanted}.", param, code)


def unsupported(param: str) -> WireError:
    """Return the refusal of a parameter that the model does not take."""
    text = f"Unsupported parameter: '{param}' is not supported with this model."
    return WireError(400, text, param, "unsupported_parameter")


def whole(data: dict[str, Any], name: str, most: int = 1_000_000, least: int = 1) -> int | None:
    """Return a whole number within bounds, None where there is none."""
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(name, "an integer")
    if value < least:
        text = f"Invalid '{name}': integer below minimum value. Expected a value >= {least}, but got {value} instead."
        raise WireError(400, text, name, "integer_below_min_value")
    if value > most:
        text = f"Invalid '{name}': integer above maximum value. Expected a value <= {most}, but got {value} instead."
        raise WireError(400, text, name, "integer_above_max_value")
    return value


def read_image(ask: Ask, url: Any, where: str, *, low: bool) -> None:
    """Count an image."""
    if not isinstance(url, str):
        raise missing(where)
    if not (url.startswith(("https://", "http://")) or (url.startswith("data:image/") and ";base64," in url)):
        raise WireError(400, "Invalid image URL: expected a https or data URL.", where, "invalid_image_url")
    ask.images += 1
    ask.prompt_tokens += OPENAI_LOW_DETAIL_TOKENS if low else OPENAI_IMAGE_TOKENS


def choose(ask: Ask, choice: Any, name: Any) -> None:
    """Note which tool is to be called; ``name`` is the one that ``choice`` names."""
    if choice is None or choice == "auto":
        return
    if choice in ("none", "required"):
        ask.tool_choice = choice
    elif name in {offer.name for offer in ask.tools}:
        ask.tool_choice, ask.forced_tool = "forced", str(name)
    else:
        raise WireError(400, f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def check_context(ask: Ask, param: str) -> None:
    """Refuse what does not fit the model."""
    limit = CONTEXT_TOKENS["openai"]
    if ask.prompt_tokens > limit:
        text = (
            f"This model's maximum context length is {limit} tokens. However, your {param} resulted in "
            f"{ask.prompt_tokens} tokens. Please reduce the length of the {param}."
        )
        raise WireError(400, text, param, "context_length_exceeded")
