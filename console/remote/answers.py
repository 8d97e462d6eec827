"""What an answer that is not a good one means."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Struct

from router_core.errors import (
    ForbiddenError,
    InternalError,
    LLMError,
    NotFoundError,
    PayloadTooLargeError,
    Rejected,
    UnauthorizedError,
    ValidationError,
)
from signalbox.screens.failures import TravellingError, unpacked

__all__ = ["refusal"]

_BY_CODE: Final[Mapping[str, type[Rejected]]] = MappingProxyType(
    {
        each.code: each
        for each in (ForbiddenError, NotFoundError, PayloadTooLargeError, UnauthorizedError, ValidationError)
    }
)


class _Told(Struct, frozen=True):
    code: str
    message: str
    raised: TravellingError | None = None


class _Refusal(Struct, frozen=True):
    error: _Told


def refusal(body: bytes) -> LLMError | None:
    """Return the error that an answer tells of, None when it is not of the call itself.

    What the call raised comes back as it was; what was refused before it, by its code.
    """
    try:
        told = msgspec.json.decode(body, type=_Refusal).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if told.raised is not None:
        return unpacked(told.raised)
    if told.code == InternalError.code:
        return InternalError(told.message)
    kind = _BY_CODE.get(told.code)
    return None if kind is None else kind(told.message)
