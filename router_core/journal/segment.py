"""One file of a journal: its room is taken from the disk when it is made, so that later appends cannot lack it."""

import errno
import os
from pathlib import Path
from typing import Final

__all__ = ["Segment", "segment_numbers", "segment_path"]

_SUFFIX: Final = ".log"
_OWNER_ONLY: Final = 0o600


def segment_path(folder: Path, number: int) -> Path:
    """Return where segment ``number`` is."""
    return folder / f"{number:010d}{_SUFFIX}"


def segment_numbers(folder: Path) -> list[int]:
    """Return the numbers of the segments in ``folder``, oldest first."""
    return sorted(int(each.stem) for each in folder.glob(f"*{_SUFFIX}") if each.stem.isdigit())


class Segment:
    """A segment that is being written. ``size`` is its room in bytes, ``offset`` where the next entry goes."""

    __slots__ = ("_fd", "number", "offset", "path", "size")

    def __init__(self, folder: Path, number: int, size: int) -> None:
        """Make the file with all its room. Raises ``OSError``, and leaves nothing behind, when the disk lacks it."""
        self.number = number
        self.path = segment_path(folder, number)
        self.size = size
        self.offset = 0
        self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            os.posix_fallocate(self._fd, 0, size)
        except BaseException:
            self.close()
            self.path.unlink(missing_ok=True)
            raise

    @property
    def free(self) -> int:
        """The bytes left."""
        return self.size - self.offset

    def append(self, data: bytes) -> int:
        """Write ``data``, which fits, with one call to the system; return the offset behind it. Raises ``OSError``."""
        written = os.pwrite(self._fd, data, self.offset)
        if written != len(data):
            # The next append overwrites the piece; until then its checksum gives it away.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.offset += written
        return self.offset

    def sync(self) -> None:
        """Wait until the disk has it. Raises ``OSError``."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Close the file; it stays."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
