"""What is sent for one request, before pacing and faults: status, headers and frames."""

from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

JSON_TYPE: Final = "application/json"
EVENT_TYPE: Final = "text/event-stream; charset=utf-8"


@dataclass(slots=True)
class Reply:
    """One answer on the wire; ``weights`` are the completion tokens each frame carries.

    Frames may hold the run's marks, which are replaced by the answer's own number and second when it is sent.
    """

    status: int
    headers: dict[str, str]
    frames: list[bytes]
    weights: list[int]
    stream: bool = False
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    marked: bool = False
    wire: bytes = field(default=b"", repr=False)

    def framed(self) -> bytes:
        """Return the whole body as it goes over the wire, chunk sizes included for a stream."""
        if not self.wire:
            self.wire = b"".join(map(http_chunk, self.frames)) + LAST_CHUNK if self.stream else b"".join(self.frames)
        return self.wire


LAST_CHUNK: Final = b"0\r\n\r\n"


def http_chunk(data: bytes) -> bytes:
    """Return data with its chunk size around it; nothing for nothing, since an empty chunk ends a body."""
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""


@dataclass(frozen=True, slots=True)
class Marks:
    """Stand-ins of fixed length for an answer's number and second, so that one rendering serves many answers."""

    id: str
    created: int

    @property
    def id_bytes(self) -> bytes:
        """Return the number's mark as bytes."""
        return self.id.encode()


def new_marks() -> Marks:
    """Return marks no prompt can contain by chance."""
    number = uuid4().int
    return Marks(f"{number % 36**20:020x}"[-20:], 8_000_000_000 + number % 999_999_937)
