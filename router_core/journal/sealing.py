"""What people wrote does not lie on the disk as they wrote it: in the journal it is sealed until it is cleaned."""

import logging
from typing import Final, Protocol

import msgspec
from msgspec import Struct, structs

from router_core.sealed_box import BrokenSealError, SealedBox
from router_core.types import Content, RequestEvent

__all__ = ["EventSeal", "PlainEvents", "SealedEvents"]

_PURPOSE: Final = b"signalbox event\x00"
_log = logging.getLogger(__name__)


class _Private(Struct, array_like=True):
    """What of an event is sealed: its content, its labels, and what providers said of its calls."""

    content: Content | None
    metadata: dict[str, str | int | float | bool | None]
    errors: list[str | None]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Private)


class EventSeal(Protocol):
    """Closes events before they are written, and opens them before they go into the store."""

    def close(self, event: RequestEvent) -> RequestEvent:
        """Return ``event`` with nothing to read in it of what people or providers wrote."""
        ...

    def open(self, event: RequestEvent) -> RequestEvent:
        """Return ``event`` as it was before it was closed."""
        ...


class PlainEvents:
    """Leaves events as they are."""

    __slots__ = ()

    def close(self, event: RequestEvent) -> RequestEvent:
        """Return ``event``."""
        return event

    def open(self, event: RequestEvent) -> RequestEvent:
        """Return ``event``."""
        return event


class SealedEvents:
    """Seals below a key of 32 bytes that every process of the installation has, since each may recover another's."""

    __slots__ = ("_box",)

    def __init__(self, key: bytes) -> None:
        self._box = SealedBox(key)

    def close(self, event: RequestEvent) -> RequestEvent:
        """Return ``event`` with nothing to read in it of what people or providers wrote; one without is as it was."""
        errors = [each.error for each in event.decision.attempts]
        if event.content is None and not event.metadata and not any(errors):
            return event
        plain = _ENCODER.encode(_Private(event.content, event.metadata, errors))
        return structs.replace(
            _with_errors(event, [None] * len(errors)) if any(errors) else event,
            content=None,
            metadata={},
            sealed=self._box.close(plain, event.id.encode(), _PURPOSE),
        )

    def open(self, event: RequestEvent) -> RequestEvent:
        """Return ``event`` as it was before it was closed, without what was sealed when its seal is broken."""
        if not event.sealed:
            return event
        try:
            private = _DECODER.decode(self._box.open(event.sealed, event.id.encode(), _PURPOSE))
        except (BrokenSealError, msgspec.DecodeError):
            _log.error("what was written with event %s cannot be read; the rest of it is kept", event.id)
            return structs.replace(event, sealed=b"")
        opened = structs.replace(event, content=private.content, metadata=private.metadata, sealed=b"")
        return _with_errors(opened, private.errors)


def _with_errors(event: RequestEvent, errors: list[str | None]) -> RequestEvent:
    attempts = event.decision.attempts
    if len(errors) != len(attempts):
        return event
    told = tuple(structs.replace(each, error=error) for each, error in zip(attempts, errors, strict=True))
    return structs.replace(event, decision=structs.replace(event.decision, attempts=told))
