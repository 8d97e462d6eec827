"""The master key as it is given: a variable, or the key file, which is made on the first start."""

import contextlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from router_core.security.vault.master import MasterSecret
from router_core.types import Secret
from signalbox.data_dir import write_private
from signalbox.faults import DependencyFault, SettingsError
from signalbox.parsers import MASTER_KEY_BYTES, master_key_bytes
from signalbox.settings import Settings

__all__ = ["KEY_FILE", "KEY_VARIABLE", "GivenKey", "given_key", "make_key", "master_secret", "replace_key_file"]

KEY_FILE: Final = "encryption.key"
KEY_VARIABLE: Final = "SIGNALBOX_ENCRYPTION_KEY"
_PRIVATE_FILE: Final = 0o600
_OTHERS: Final = 0o077
# Before salts were kept in the store, every passphrase had this one. Stores of that time still hang on what it gave.
_OLDER_SALT: Final = b"signalbox passphrase v1"


@dataclass(frozen=True, slots=True)
class GivenKey:
    """A master key, the variable or file that it is from, and whether this start made it."""

    secret: MasterSecret
    source: str
    made: bool = False

    def older_root(self) -> bytes:
        """Return what everything was derived from before stores had a root secret of their own."""
        return self.secret.stretched(_OLDER_SALT)


def given_key(settings: Settings) -> GivenKey | None:
    """Return the key of the environment, else of the key file; None where there is neither.

    Raises :class:`SettingsError` for a file that holds no key, :class:`DependencyFault` when it cannot be read.
    """
    if settings.encryption_key is not None:
        return GivenKey(master_secret(settings.encryption_key.reveal()), KEY_VARIABLE)
    path = settings.data_dir / KEY_FILE
    try:
        if not path.exists():
            return None
        raw, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise _unusable(path, error) from None
    _require_sound(path, raw, mode)
    return GivenKey(MasterSecret(raw), str(path))


def make_key(settings: Settings) -> GivenKey:
    """Return the key of the key file, which is made unless another start has made it meanwhile.

    Raises like :func:`given_key`.
    """
    path = settings.data_dir / KEY_FILE
    try:
        made = _make(path)
    except OSError as error:
        raise _unusable(path, error) from None
    found = given_key(settings)
    if found is None:
        raise DependencyFault(f"{path} cannot be used: it is gone again")
    return GivenKey(found.secret, found.source, made=made)


def master_secret(text: str) -> MasterSecret:
    """Return the 32 bytes that ``text`` holds in base64, else ``text`` as a passphrase."""
    exact = master_key_bytes(text)
    return MasterSecret(Secret(text) if exact is None else exact)


def replace_key_file(settings: Settings, raw: bytes) -> None:
    """Put another key into the key file, in one step. Raises :class:`DependencyFault`."""
    path = settings.data_dir / KEY_FILE
    try:
        write_private(path, raw)
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> DependencyFault:
    return DependencyFault(f"{path} cannot be used: {error.strerror}")


def _require_sound(path: Path, raw: bytes, mode: int) -> None:
    if len(raw) != MASTER_KEY_BYTES:
        raise SettingsError([f"{path} does not hold a key of {MASTER_KEY_BYTES} bytes; restore it from its backup"])
    if mode & _OTHERS:
        raise SettingsError([f"{path} can be read by others; run: chmod 600 {path}"])


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
