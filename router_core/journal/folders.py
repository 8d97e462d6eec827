"""One folder for each writer: its name is the writer's id, its lock belongs to one process at a time."""

import fcntl
import os
from pathlib import Path
from typing import Final

__all__ = ["WriterFolder", "take_folder", "take_orphans"]

_LOCK: Final = "lock"
_OWNER_ONLY: Final = 0o700


class WriterFolder:
    """A folder whose lock this process holds until :meth:`release` or its end, however sudden."""

    __slots__ = ("_fd", "path")

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd

    @property
    def writer(self) -> str:
        """The id of the writer."""
        return self.path.name

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._fd)

    def remove(self) -> None:
        """Remove the folder, which holds nothing but its lock."""
        (self.path / _LOCK).unlink(missing_ok=True)
        self.path.rmdir()
        self.release()


def take_folder(root: Path, new_name: str) -> WriterFolder:
    """Return the first folder under ``root`` that no process holds; make ``new_name`` when all are held.

    Raises ``OSError`` when the disk does not allow it.
    """
    root.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    for path in _folders(root):
        folder = _locked(path)
        if folder is not None:
            return folder
    # Under a name that nobody looks at until it is locked: several processes may begin at once.
    hidden = root / f".{new_name}"
    hidden.mkdir(mode=_OWNER_ONLY)
    folder = _locked(hidden)
    if folder is None:
        raise FileExistsError(f"{hidden} is held by another process")
    folder.path = hidden.rename(root / new_name)
    return folder


def take_orphans(root: Path, own: WriterFolder) -> list[WriterFolder]:
    """Return every other folder under ``root`` that no process holds."""
    found = (_locked(path) for path in _folders(root) if path != own.path)
    return [folder for folder in found if folder is not None]


def _folders(root: Path) -> list[Path]:
    return sorted(each for each in root.iterdir() if each.is_dir() and not each.name.startswith("."))


def _locked(path: Path) -> WriterFolder | None:
    try:
        fd = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return None  # removed meanwhile, by whoever had recovered it
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever recovered the folder may have removed the file while we waited to lock it.
        is_there = os.fstat(fd).st_ino == (path / _LOCK).stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        is_there = False
    if is_there:
        return WriterFolder(path, fd)
    os.close(fd)
    return None
