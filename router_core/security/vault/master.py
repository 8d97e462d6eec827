"""The master key, which wraps all other keys, and the root secret, from which keys are derived that seal nothing."""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from router_core.security.vault.faults import WrongMasterKeyError
from router_core.security.vault.key_ring import KEY_BYTES, measured
from router_core.types import Secret

__all__ = ["SALT_BYTES", "MasterKey", "MasterSecret", "RootSecret"]

SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_SCRYPT_COST: Final = 2**15
_WRAPS: Final = b"signalbox wrap v1"


class MasterKey:
    """Wraps keys by name; 32 bytes that never leave this object."""

    __slots__ = ("_aead",)

    def __init__(self, raw: bytes) -> None:
        # Not the key itself: the root of an older store may be the same 32 bytes.
        self._aead = AESGCM(_derived(raw, _WRAPS))

    def wrap(self, name: str, plain: bytes) -> bytes:
        """Return ``plain`` sealed as the key called ``name``."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, _WRAPS + measured(name))

    def unwrap(self, name: str, sealed: bytes) -> bytes:
        """Return the key called ``name``. Raises :class:`WrongMasterKeyError`."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _WRAPS + measured(name))
        except (InvalidTag, ValueError, TypeError):
            raise WrongMasterKeyError from None

    def __repr__(self) -> str:
        return "MasterKey(***)"


class MasterSecret:
    """What a person keeps: 32 bytes, or a passphrase, of which a salt makes the master key."""

    __slots__ = ("__passphrase", "__raw", "__stretched")

    def __init__(self, given: bytes | Secret) -> None:
        self.__raw = given if isinstance(given, bytes) else None
        self.__passphrase = given if isinstance(given, Secret) else None
        self.__stretched: dict[bytes, bytes] = {}

    @property
    def exact(self) -> bool:
        """Whether it is the 32 bytes themselves."""
        return self.__raw is not None

    def under(self, salt: bytes) -> MasterKey:
        """Return the master key; for a passphrase this takes a tenth of a second by design."""
        return MasterKey(self.stretched(salt))

    def stretched(self, salt: bytes) -> bytes:
        """Return the 32 bytes that the master key is made of."""
        if self.__passphrase is None:
            return self.__raw or b""
        known = self.__stretched.get(salt)
        if known is None:
            plain = self.__passphrase.reveal().encode("utf-8", "surrogatepass")
            known = self.__stretched[salt] = Scrypt(salt=salt, length=KEY_BYTES, n=_SCRYPT_COST, r=8, p=1).derive(plain)
        return known

    def __repr__(self) -> str:
        return "MasterSecret(***)"


class RootSecret:
    """The secret that outlives every master key; what is derived from it seals nothing that is rotated."""

    __slots__ = ("__raw",)

    def __init__(self, raw: bytes) -> None:
        self.__raw = raw

    def derive(self, purpose: str, length: int = KEY_BYTES) -> bytes:
        """Return the key for ``purpose``; keys of different purposes tell nothing about each other."""
        return _derived(self.__raw, f"signalbox {purpose} v1".encode(), length)

    def __repr__(self) -> str:
        return "RootSecret(***)"


def _derived(raw: bytes, info: bytes, length: int = KEY_BYTES) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(raw)
