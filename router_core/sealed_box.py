"""AES-256-GCM for what leaves the process: a key of its own for every name, bound to what it is about.

A name's own key keeps random nonces from ever running short, however much an installation seals.
"""

import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["BrokenSealError", "SealedBox"]

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12


class BrokenSealError(Exception):
    """It is not what was sealed for this name, or not by this installation."""


class SealedBox:
    """Seals below a key of 32 bytes."""

    __slots__ = ("__key",)

    def __init__(self, key: bytes) -> None:
        self.__key = key

    def close(self, plain: bytes, name: bytes, bound: bytes) -> bytes:
        """Return ``plain`` sealed for ``name`` and ``bound``, behind a version and a nonce."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._aead(name).encrypt(nonce, plain, bound)

    def open(self, sealed: bytes, name: bytes, bound: bytes) -> bytes:
        """Return what was sealed for ``name`` and ``bound``. Raises :class:`BrokenSealError`."""
        if sealed[:1] != _VERSION:
            raise BrokenSealError("another version")
        nonce, text = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._aead(name).decrypt(nonce, text, bound)
        except (InvalidTag, ValueError):
            raise BrokenSealError("not sealed for this") from None

    def _aead(self, name: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self.__key, name, "sha256"))
