"""Keys sealed under a password, for those who keep them themselves: functions that need no vault."""

import base64
import binascii
import secrets
import struct
from collections.abc import MutableMapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from router_core.security.vault.faults import UnreadableSecretError
from router_core.security.vault.master import SALT_BYTES, MasterSecret
from router_core.types import Secret
from router_core.types.vault import RotatedSecret

__all__ = ["decrypt_key", "encrypt_key", "rotate_encryption_keys"]

_HEAD: Final = struct.Struct(f">BI{SALT_BYTES}s12s")
_FORMAT: Final = 2


def encrypt_key(key: str, password: str, version: int = 1) -> str:
    """Return ``key`` sealed under ``password`` as base64 text, which also says under which ``version`` of it."""
    return _sealed(key, MasterSecret(Secret(password)), secrets.token_bytes(SALT_BYTES), version)


def decrypt_key(encrypted: str, password: str) -> str:
    """Return the key in ``encrypted``. Raises :class:`UnreadableSecretError` for another password or changed text."""
    return _opened(encrypted, MasterSecret(Secret(password)))


def rotate_encryption_keys(
    old_password: str, new_password: str, new_version: int, stored: MutableMapping[str, str]
) -> list[RotatedSecret]:
    """Seal the ``stored`` keys, by their providers' ids, under ``new_password`` in place of ``old_password``.

    Returns what became of each; what cannot be read stays as it is. What the new password opens already is left, so a
    rotation that was broken off is gone on with by the same call.
    """
    old, new = MasterSecret(Secret(old_password)), MasterSecret(Secret(new_password))
    salt = secrets.token_bytes(SALT_BYTES)
    return [_rotated(stored, each, old, (new, salt, new_version)) for each in list(stored)]


def _rotated(
    stored: MutableMapping[str, str], provider_id: str, old: MasterSecret, new: tuple[MasterSecret, bytes, int]
) -> RotatedSecret:
    encrypted = stored[provider_id]
    try:
        stored[provider_id] = _sealed(_opened(encrypted, old), *new)
    except UnreadableSecretError:
        if not _opens(encrypted, new[0]):
            return RotatedSecret(provider_id=provider_id, status="unreadable")
    return RotatedSecret(provider_id=provider_id, status="rotated")


def _sealed(key: str, password: MasterSecret, salt: bytes, version: int) -> str:
    nonce = secrets.token_bytes(12)
    head = _HEAD.pack(_FORMAT, version, salt, nonce)
    return base64.b64encode(head + AESGCM(password.stretched(salt)).encrypt(nonce, key.encode(), head)).decode()


def _opened(encrypted: str, password: MasterSecret) -> str:
    try:
        raw = base64.b64decode(encrypted, validate=True)
        head, text = raw[: _HEAD.size], raw[_HEAD.size :]
        form, _, salt, nonce = _HEAD.unpack(head)
    except (binascii.Error, ValueError, struct.error):
        raise UnreadableSecretError from None
    if form != _FORMAT:
        raise UnreadableSecretError
    try:
        return AESGCM(password.stretched(salt)).decrypt(nonce, text, head).decode()
    except (InvalidTag, ValueError):
        raise UnreadableSecretError from None


def _opens(encrypted: str, password: MasterSecret) -> bool:
    try:
        _opened(encrypted, password)
    except UnreadableSecretError:
        return False
    return True
