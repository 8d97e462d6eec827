"""Seals secrets for the place where they are kept, and opens them there: AES-256-GCM under the keys of a ring.

Sealed bytes are a format byte, the key's version, a random nonce, and the ciphertext with its tag. What they are bound
to is the format, the version, and table, field, row and account of the place.
"""

import secrets
import struct
from typing import Final

from cryptography.exceptions import InvalidTag

from router_core.security.vault.faults import UnknownKeyVersionError, UnreadableSecretError
from router_core.security.vault.key_ring import KeyRing, measured
from router_core.types import Secret
from router_core.types.vault import SealedPlace

__all__ = ["KeyManager", "version_of"]

_FORMAT: Final = 1
_HEAD: Final = struct.Struct(">BI")
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


class KeyManager:
    """Seals under the primary key of its ring, and opens what any key of it sealed."""

    __slots__ = ("_ring",)

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    @property
    def ring(self) -> KeyRing:
        """The keys in use."""
        return self._ring

    def renew(self, ring: KeyRing) -> None:
        """Use the keys of ``ring`` from now on."""
        self._ring = ring

    def seal(self, place: SealedPlace, secret: Secret) -> bytes:
        """Return ``secret`` sealed for ``place``; :func:`version_of` says under which key."""
        key = self._ring.primary
        head, nonce = _HEAD.pack(_FORMAT, key.version), secrets.token_bytes(_NONCE_BYTES)
        plain = secret.reveal().encode("utf-8", "surrogatepass")
        return head + nonce + key.cipher(place).encrypt(nonce, plain, _bound_to(place, head))

    def open(self, place: SealedPlace, sealed: bytes) -> Secret:
        """Return what was sealed for ``place``.

        Raises :class:`UnreadableSecretError`, for a key that the ring does not hold :class:`UnknownKeyVersionError`.
        """
        version = version_of(sealed)
        key = None if version is None else self._ring.find(version)
        if version is None:
            raise UnreadableSecretError
        if key is None:
            raise UnknownKeyVersionError
        head, rest = sealed[: _HEAD.size], sealed[_HEAD.size :]
        nonce, text = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        try:
            plain = key.cipher(place).decrypt(nonce, text, _bound_to(place, head))
        except InvalidTag:
            raise UnreadableSecretError from None
        return Secret(plain.decode("utf-8", "surrogatepass"))


def version_of(sealed: object) -> int | None:
    """Return the version of the key that ``sealed`` says it is under, None when it is no sealed secret at all."""
    # SQLite keeps any type in any column.
    if not isinstance(sealed, bytes) or len(sealed) < _HEAD.size + _NONCE_BYTES + _TAG_BYTES:
        return None
    form, version = _HEAD.unpack_from(sealed)
    return version if form == _FORMAT else None


def _bound_to(place: SealedPlace, head: bytes) -> bytes:
    return head + measured(place.table, place.field, place.row_id, place.account_id)
