"""The data directory: made private, checked before anything else is opened in it."""

import os
import tempfile
from pathlib import Path

from signalbox.faults import DependencyFault
from signalbox.summary import Finding

__all__ = ["inspect_folder", "prepare_folder", "write_private"]

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


def prepare_folder(folder: Path) -> None:
    """Make ``folder`` if need be and prove that it can be written. Raises :class:`DependencyFault`."""
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DependencyFault(f"the data directory {folder} cannot be written: {error.strerror}") from None


def inspect_folder(folder: Path) -> list[Finding]:
    """Say whether ``folder`` could be used, without making it."""
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    if not existing.is_dir():
        return [Finding("fault", "data directory", f"{folder}: {existing} is not a directory")]
    if not os.access(existing, os.W_OK | os.X_OK):
        return [Finding("fault", "data directory", f"{folder} cannot be written")]
    note = "" if existing == folder.absolute() else ", made at first start"
    return [Finding("ok", "data directory", f"{folder}{note}")]


def write_private(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step, readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), _PRIVATE_FILE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
