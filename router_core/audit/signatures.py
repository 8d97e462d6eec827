"""Signatures over ends and checkpoints of chains, by a key that the store does not hold."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec

from router_core.types import ChainHead

__all__ = ["ChainSigner"]

_KEY_ID_LENGTH: Final = 16
_HEAD: Final = "signalbox audit head 1"
_CHECKPOINT: Final = "signalbox audit checkpoint 1"


class ChainSigner:
    """Signs with HMAC-SHA256 under one key; ``older`` keys are still good for checking what they signed."""

    __slots__ = ("__key", "__known", "key_id")

    def __init__(self, key: bytes, older: tuple[bytes, ...] = ()) -> None:
        self.__key = key
        self.key_id = _key_id(key)
        self.__known: Mapping[str, bytes] = {_key_id(each): each for each in (*older, key)}

    def sign_head(self, head: ChainHead) -> bytes:
        """Return the signature of the end of a chain."""
        return _sign(self.__key, _HEAD, head, None, None)

    def is_head(self, head: ChainHead, key_id: str, signature: bytes) -> bool:
        """Say whether ``signature`` is ours for ``head``."""
        return self._is(signature, key_id, _HEAD, head, None, None)

    def sign_checkpoint(self, place: ChainHead, at: datetime, pruned_at: datetime | None) -> bytes:
        """Return the signature of a checkpoint."""
        return _sign(self.__key, _CHECKPOINT, place, at, pruned_at)

    def is_checkpoint(
        self, place: ChainHead, at: datetime, pruned_at: datetime | None, key_id: str, signature: bytes
    ) -> bool:
        """Say whether ``signature`` is ours for the checkpoint."""
        return self._is(signature, key_id, _CHECKPOINT, place, at, pruned_at)

    def _is(
        self,
        signature: bytes,
        key_id: str,
        purpose: str,
        place: ChainHead,
        at: datetime | None,
        pruned_at: datetime | None,
    ) -> bool:
        key = self.__known.get(key_id)
        return key is not None and hmac.compare_digest(_sign(key, purpose, place, at, pruned_at), signature)


def _key_id(key: bytes) -> str:
    return hmac.digest(key, b"signalbox audit key id", sha256).hex()[:_KEY_ID_LENGTH]


def _sign(key: bytes, purpose: str, place: ChainHead, at: datetime | None, pruned_at: datetime | None) -> bytes:
    signed = (purpose, place.writer, place.seq, place.hash, at, pruned_at)
    return hmac.digest(key, msgspec.msgpack.encode(signed), sha256)
