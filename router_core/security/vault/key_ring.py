"""The data keys that a process knows, by version: one seals, all of them open."""

import struct
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from router_core.types.vault import KeyState, SealedPlace

__all__ = ["KEY_BYTES", "KeyRing", "RingKey", "measured"]

KEY_BYTES: Final = 32
_PURPOSE: Final = b"signalbox sealed column v1"
_ABSENT: Final = b"\xff\xff\xff\xff"


def measured(*parts: str | None) -> bytes:
    """Return ``parts`` one after the other, each behind its length, so that no two lists look alike."""
    return b"".join(_ABSENT if part is None else _with_length(part.encode("utf-8", "surrogatepass")) for part in parts)


def _with_length(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


class RingKey:
    """A data key in the clear, which never leaves this object; each column is sealed under a key derived from it."""

    __slots__ = ("__raw", "_ciphers", "state", "version")

    def __init__(self, version: int, state: KeyState, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise ValueError(f"a data key has {KEY_BYTES} bytes")
        self.version = version
        self.state: KeyState = state
        self.__raw = raw
        self._ciphers: dict[tuple[str, str], AESGCM] = {}

    def cipher(self, place: SealedPlace) -> AESGCM:
        """Return what seals the column of ``place``."""
        column = place.table, place.field
        cipher = self._ciphers.get(column)
        if cipher is None:
            info = _PURPOSE + measured(*column)
            derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self.__raw)
            cipher = self._ciphers[column] = AESGCM(derived)
        return cipher

    def __repr__(self) -> str:
        return f"RingKey({self.version}, {self.state}, ***)"


class KeyRing:
    """Data keys of different versions; exactly one is primary. It never changes: a newer ring takes its place.

    Raises ``ValueError`` for a ring without a primary key, with two, or with two keys of one version.
    """

    __slots__ = ("_keys", "primary")

    def __init__(self, keys: Iterable[RingKey]) -> None:
        listed = tuple(keys)
        self._keys = {each.version: each for each in listed}
        primaries = [each for each in listed if each.state == "primary"]
        if len(primaries) != 1 or len(self._keys) != len(listed):
            raise ValueError("a ring has one primary key, and one key of each version")
        self.primary = primaries[0]

    def find(self, version: int) -> RingKey | None:
        """Return the key of ``version``, None when this ring has none."""
        return self._keys.get(version)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(map(repr, self._keys.values()))})"
