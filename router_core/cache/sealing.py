"""Answers that leave the process are sealed: AES-256-GCM, bound to the question and the account that they are for.

Every question has a key of its own, so that random nonces never run short however many answers an installation keeps.
"""

from typing import Final, Protocol

from router_core.cache.answer_key import AnswerKey
from router_core.sealed_box import BrokenSealError, SealedBox

__all__ = ["AnswerSeal", "BrokenSealError", "NoSeal", "Seal"]

_PURPOSE: Final = b"signalbox answer\x00"


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

    __slots__ = ("_box",)

    def __init__(self, key: bytes) -> None:
        self._box = SealedBox(key)

    def close(self, plain: bytes, key: AnswerKey) -> bytes:
        """Return ``plain`` sealed for ``key``."""
        return self._box.close(plain, key.digest, _bound_to(key))

    def open(self, sealed: bytes, key: AnswerKey) -> bytes:
        """Return what was sealed for ``key``. Raises :class:`BrokenSealError`."""
        return self._box.open(sealed, key.digest, _bound_to(key))


def _bound_to(key: AnswerKey) -> bytes:
    return _PURPOSE + key.digest + key.account.encode("utf-8", "surrogatepass")
