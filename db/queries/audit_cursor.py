"""Where a page of the audit log begins, as short text that callers hand back."""

import base64
import binascii
import struct
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from db.records.rows import EPOCH, micros
from router_core.errors import ValidationError

__all__ = ["Place"]

_FORM: Final = struct.Struct(">cqq")
_OLDER: Final = b"o"
_NEWER: Final = b"n"


class Place(Struct, frozen=True):
    """Between two rows: everything older, or everything newer, than the row with this time and position."""

    at: datetime
    position: int
    older: bool

    def text(self) -> str:
        """Return the cursor."""
        packed = _FORM.pack(_OLDER if self.older else _NEWER, micros(self.at), self.position)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @staticmethod
    def parse(text: str) -> "Place":
        """Return the place that ``text`` stands for. Raises :class:`ValidationError` when it is none of ours."""
        try:
            side, at, position = _FORM.unpack(base64.urlsafe_b64decode(f"{text}==="))
            return Place(EPOCH + timedelta(microseconds=at), position, _SIDES[side])
        except (binascii.Error, struct.error, KeyError, OverflowError, ValueError):
            raise ValidationError("cursor is not one of ours", field="cursor") from None


_SIDES: Final = {_OLDER: True, _NEWER: False}
