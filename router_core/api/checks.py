"""What a well-typed request must hold besides its types."""

import re
from collections.abc import Mapping

from router_core.errors import ValidationError
from router_core.tools.checking import check_calls, check_choice, check_tools
from router_core.types import ImagePart, LLMRequest, Message, TextPart

__all__ = ["check_image", "check_metadata", "check_request"]

MAX_URL_CHARS = 8192
MAX_METADATA_KEY = 64
MAX_METADATA_TEXT = 512
MAX_INTEGER = 2**63 - 1

_USE_CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_IMAGE = re.compile(r"data:image/[a-z0-9.+-]{1,32};base64,[A-Za-z0-9+/=_-]|https://[^\s/@]\S*\Z", re.IGNORECASE)
# Blanks that str.strip() keeps: soft hyphen, combining joiner, Hangul fillers, zero-width and direction marks, BOM.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u2800\u3164\ufeff\uffa0"
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069"
)
_WHITESPACE = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_BLANKS = _INVISIBLE + _WHITESPACE


def check_request(request: LLMRequest) -> None:
    """Raise :class:`ValidationError` for the first rule that ``request`` breaks."""
    if not _USE_CASE.fullmatch(request.use_case):
        raise ValidationError("unknown use case", field="useCase")
    if request.account_id is not None and not _ACCOUNT.fullmatch(request.account_id):
        raise ValidationError("no account id", field="accountId")
    if request.prompt is not None:
        _require_text(request.prompt)
    else:
        _check_messages(request.messages or ())
        check_calls(request.messages or ())
    for place, image in enumerate(request.images):
        check_image(image, f"images[{place}]")
    if request.tools is not None:
        check_tools(request.tools)
    if request.tools is not None or request.max_steps == 1:
        # Where several steps are wanted and no tools are named, the router offers those that it has.
        check_choice(request)
    if request.metadata:
        check_metadata(request.metadata)


def _require_text(prompt: str) -> None:
    if not prompt.strip(_BLANKS):
        raise ValidationError("must not be blank", field="prompt")


def _check_messages(messages: tuple[Message, ...]) -> None:
    if not any(_says_something(message) for message in messages):
        raise ValidationError("must hold a message that is not blank", field="messages")
    for place, message in enumerate(messages):
        if not isinstance(message.content, str):
            for spot, part in enumerate(message.content):
                if isinstance(part, ImagePart):
                    check_image(part.image, f"messages[{place}].content[{spot}].image")


def _says_something(message: Message) -> bool:
    if isinstance(message.content, str):
        return message.role != "system" and bool(message.content.strip(_BLANKS))
    return message.role != "system" and any(
        bool(part.text.strip(_BLANKS)) if isinstance(part, TextPart) else True for part in message.content
    )


def check_image(image: str, field: str) -> None:
    """Raise :class:`ValidationError` unless ``image`` may be passed on: as data or as an address."""
    if not _IMAGE.match(image):
        raise ValidationError("must be a data:image/…;base64 URL or an https URL", field=field)
    if not image[:5].lower() == "data:" and len(image) > MAX_URL_CHARS:
        raise ValidationError(f"must have at most {MAX_URL_CHARS} characters", field=field)


def check_metadata(metadata: Mapping[str, str | int | float | bool | None]) -> None:
    """Raise :class:`ValidationError` for keys and values that are too long."""
    for name, value in metadata.items():
        if not 0 < len(name) <= MAX_METADATA_KEY:
            raise ValidationError(f"a key has 1 to {MAX_METADATA_KEY} characters", field="metadata")
        if isinstance(value, str) and len(value) > MAX_METADATA_TEXT:
            raise ValidationError(f"a value has at most {MAX_METADATA_TEXT} characters", field="metadata")
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            raise ValidationError("an integer has at most 64 bits", field="metadata")
