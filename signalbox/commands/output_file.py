"""Where a command writes a document to: standard output, or a file that takes its name only when it is whole."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from signalbox.faults import DependencyFault, UsageFault

__all__ = ["output_file"]

_NO_PLACE: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)


@contextmanager
def output_file(output: Path | None) -> Iterator[BinaryIO]:
    """Yield standard output, or what ``output`` names: a new or plain file takes its name only when it is whole.

    Devices, pipes and links are written to and stay what they are. Raises :class:`UsageFault` for a
    place where no file can be, :class:`DependencyFault` for one that cannot be written for another reason.
    """
    if output is None:
        with _standard_output() as file:
            yield file
        return
    try:
        if output.is_symlink() or (output.exists() and not output.is_file()):
            with output.open("wb") as file:
                yield file
        else:
            with _whole_file(output) as file:
                yield file
    except OSError as error:
        kind = UsageFault if isinstance(error, _NO_PLACE) else DependencyFault
        raise kind(f"{output} cannot be written: {error.strerror}") from None


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    """Yield standard output; what cannot be written to it is not tried again at the end of the process."""
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise DependencyFault(f"standard output cannot be written: {error.strerror}") from None


@contextmanager
def _whole_file(output: Path) -> Iterator[BinaryIO]:
    """Yield a file of its own beside ``output``, which replaces it at the end; nothing is left when that fails."""
    number, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    part = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
