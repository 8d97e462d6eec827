"""Answers that leave the process are sealed: AES-256-GCM, bound to the question and the account that they are for.

Every question has a key of its own, so that random nonces never run short however many answers an installation keeps.
"""

import hmac
import secrets
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from router_core.cache.answer_key import AnswerKey

__all__ = ["AnswerSeal", "BrokenSealError", "NoSeal", "Seal"]

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_PURPOSE: Final = b"signalbox answer\x00"


class BrokenSealError(Exception):
    """The entry is not what was kept for this question and account, or not by this installation."""


class Seal(Protocol):
    """Makes entries that only who knows the key can read or make."""

    def close(self, plain: bytes, key: AnswerKey) -> bytes:
        """Return ``plain`` sealed for ``key``."""
        ...

    def open(self, sealed: bytes, key: AnswerKey) -> bytes:
        """Return what was sealed for ``key``. Raises :class:`BrokenSealError`."""
        ...


class NoSeal:
    """For entries that stay in the process."""

    __slots__ = ()

    def close(self, plain: bytes, key: AnswerKey) -> bytes:  # noqa: ARG002
        """Return ``plain``."""
        return plain

    def open(self, sealed: bytes, key: AnswerKey) -> bytes:  # noqa: ARG002
        """Return ``sealed``."""
        return sealed


class AnswerSeal:
    """Seals below a key of 32 bytes, which is derived from the master key and so the same in every process."""

    __slots__ = ("__key",)

    def __init__(self, key: bytes) -> None:
        self.__key = key

    def close(self, plain: bytes, key: AnswerKey) -> bytes:
        """Return ``plain`` sealed for ``key``, behind a version and a nonce."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._aead(key).encrypt(nonce, plain, _bound_to(key))

    def open(self, sealed: bytes, key: AnswerKey) -> bytes:
        """Return what was sealed for ``key``. Raises :class:`BrokenSealError`."""
        if sealed[:1] != _VERSION:
            raise BrokenSealError("another version")
        nonce, text = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._aead(key).decrypt(nonce, text, _bound_to(key))
        except (InvalidTag, ValueError):
            raise BrokenSealError("not sealed for this question") from None

    def _aead(self, key: AnswerKey) -> AESGCM:
        return AESGCM(hmac.digest(self.__key, key.digest, "sha256"))


def _bound_to(key: AnswerKey) -> bytes:
    return _PURPOSE + key.digest + key.account.encode("utf-8", "surrogatepass")
