"""Fields that requests of OpenAI's protocols have in common, and what they mean here."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_args

import msgspec
from msgspec import Raw, Struct

from router_core.api.body import check_json, check_numbers
from router_core.api.checks import check_metadata
from router_core.api.parsing import explained
from router_core.errors import ValidationError
from router_core.types import Message, ReasoningEffort, ServiceTier, TextPart

__all__ = [
    "BYTES_PER_TOKEN",
    "EFFORTS",
    "EVERYBODYS",
    "JSON_BYTES_PER_TOKEN",
    "NO_PRICE",
    "SILENCE",
    "TIERS",
    "check_labels",
    "check_own_tools",
    "decoded",
    "is_other_choice",
    "labels",
    "says_nothing",
    "tokens_of_file",
]

Asked = TypeVar("Asked", bound=Struct)

JSON_BYTES_PER_TOKEN: Final = 3
BYTES_PER_TOKEN: Final = 4
MOST_OF_A_FILE: Final = 50_000
PDF: Final = "application/pdf"
MAX_LABELS: Final = 16
MAX_LABEL: Final = 512
USER_LABEL: Final = "user"
NO_PRICE: Final = "has no price here"
EVERYBODYS: Final = "files at the vendor are everybody's who has its key; send the content"
SILENCE: Final = "messages in which only the system speaks"
_OWN_TOOLS: Final = frozenset({"function", "custom"})
# An effort that is not known yet is the vendor's to judge.
EFFORTS: Final[Mapping[str | None, ReasoningEffort]] = MappingProxyType(
    {each: each for each in get_args(ReasoningEffort)}
)
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
TIERS: Final[Mapping[str | None, ServiceTier]] = MappingProxyType(
    {None: "", "auto": "", "default": "", "priority": "priority", "flex": "flex"}
)


def decoded(body: bytes, decoder: msgspec.json.Decoder[Asked]) -> tuple[Asked, dict[str, Raw]]:
    """Return what ``body`` asks for, and its fields as the client wrote them. Raises :class:`ValidationError`."""
    check_json(body)
    try:
        asked, fields = decoder.decode(body), _FIELDS.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise explained(error) from None
    check_numbers(body)
    return asked, fields


def is_other_choice(choice: Any) -> bool:
    """Say whether a choice of tools is of a type that only these protocols have."""
    return isinstance(choice, dict) and choice.get("type") in ("allowed_tools", "custom")


def says_nothing(messages: Iterable[Message]) -> bool:
    """Say whether nobody but the system says anything, which other vendors refuse to answer."""
    return not any(message.role != "system" and _is_said(message) for message in messages)


def _is_said(message: Message) -> bool:
    said = message.content
    if isinstance(said, str):
        return bool(said.strip())
    return any(not isinstance(part, TextPart) or part.text.strip() for part in said)


def check_labels(metadata: Mapping[str, str] | None) -> None:
    """Raise :class:`ValidationError` for too many of them, or too long ones."""
    if metadata is None:
        return
    if len(metadata) > MAX_LABELS:
        raise ValidationError(f"has more than {MAX_LABELS} entries", field="metadata")
    check_metadata(metadata)


def tokens_of_file(data: str | None) -> int:
    """Return how much a model reads of a file at most, None for one that lies elsewhere. Most of a PDF are no words."""
    if data is None:
        return MOST_OF_A_FILE
    tokens = len(data) // BYTES_PER_TOKEN
    return min(tokens, MOST_OF_A_FILE) if data.startswith(f"data:{PDF};") else tokens


def check_own_tools(tools: Sequence[Mapping[str, Any]]) -> None:
    """Raise :class:`ValidationError` for a tool that the vendor would run."""
    for place, tool in enumerate(tools):
        if tool.get("type") not in _OWN_TOOLS:
            raise ValidationError("only tools that the client runs are taken", field=f"tools[{place}].type")


def labels(metadata: Mapping[str, str] | None, user: str | None) -> dict[str, str | int | float | bool | None]:
    """Return what goes on record with a request: its metadata, and whose request it is in the client's own words."""
    found: dict[str, str | int | float | bool | None] = dict(metadata or {})
    if user and USER_LABEL not in found and len(found) < MAX_LABELS:
        found[USER_LABEL] = user[:MAX_LABEL]
    return found
