"""The one key that everything secret hangs on: made on first start, one derived key for each purpose."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from router_core.types import Secret
from signalbox.faults import DependencyFault, SettingsError
from signalbox.parsers import MASTER_KEY_BYTES, master_key_bytes
from signalbox.settings import Settings

__all__ = ["KEY_FILE", "MasterKey", "load_master_key"]

KEY_FILE: Final = "encryption.key"
_PRIVATE_FILE: Final = 0o600
_OTHERS: Final = 0o077
# Every node must derive the same key from the same passphrase, whatever its disk holds: so the salt is fixed.
_PASSPHRASE_SALT: Final = b"signalbox passphrase v1"
_SCRYPT_COST: Final = 2**15


class MasterKey:
    """32 bytes that never leave this object; ``made`` says that this start created its file."""

    __slots__ = ("__raw", "made")

    def __init__(self, raw: bytes, *, made: bool = False) -> None:
        self.__raw = raw
        self.made = made

    def derive(self, purpose: str, length: int = MASTER_KEY_BYTES) -> bytes:
        """Return the key for ``purpose``; keys of different purposes tell nothing about each other."""
        info = f"signalbox {purpose} v1".encode()
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(self.__raw)

    def __repr__(self) -> str:
        return "MasterKey(***)"


def load_master_key(settings: Settings) -> MasterKey:
    """Return the key of the environment, else of the key file, which is made when there is none.

    Raises :class:`SettingsError` for a file that holds no key, :class:`DependencyFault` when it cannot be read.
    """
    if settings.encryption_key is not None:
        return MasterKey(_from_text(settings.encryption_key))
    path = settings.data_dir / KEY_FILE
    try:
        made = not path.exists() and _make(path)
        raw = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise DependencyFault(f"{path} cannot be used: {error.strerror}") from None
    _require_sound(path, raw, mode)
    return MasterKey(raw, made=made)


def _require_sound(path: Path, raw: bytes, mode: int) -> None:
    if len(raw) != MASTER_KEY_BYTES:
        raise SettingsError([f"{path} does not hold a key of {MASTER_KEY_BYTES} bytes; restore it from its backup"])
    if mode & _OTHERS:
        raise SettingsError([f"{path} can be read by others; run: chmod 600 {path}"])


def _from_text(secret: Secret) -> bytes:
    given = secret.reveal()
    exact = master_key_bytes(given)
    if exact is not None:
        return exact
    return Scrypt(salt=_PASSPHRASE_SALT, length=MASTER_KEY_BYTES, n=_SCRYPT_COST, r=8, p=1).derive(given.encode())


def _make(path: Path) -> bool:
    """Create the key file whole or not at all; of two starts at once, one wins and both use its key."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), _PRIVATE_FILE)
            file.write(secrets.token_bytes(MASTER_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
            return True
        return False
    finally:
        Path(name).unlink()
