"""Splits a stream of bytes into the payloads of server-sent events, whatever the slicing."""

__all__ = ["MAX_LINE_BYTES", "EventSplitter", "EventTooLargeError"]

MAX_LINE_BYTES = 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLargeError(ValueError):
    """A line or an event is larger than the limit."""


class EventSplitter:
    """Collects bytes and gives back the ``data`` of each complete event.

    Event names, ids and comments are dropped: both vendors repeat the name inside the data. Lines may end in LF,
    CRLF or CR. ``limit`` bounds a line and an event, in bytes; beyond it :class:`EventTooLargeError` is raised.
    ``seen_events`` says whether any event has come.
    """

    __slots__ = ("_data", "_limit", "_rest", "_size", "_skip_line_feed", "_started", "seen_events")

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self.seen_events = False
        self._limit = limit
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self._skip_line_feed = False
        self._started = False

    @property
    def seen_bytes(self) -> bool:
        """Say whether anything but line ends has come, whole lines only."""
        return self._started

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return the payloads of the events that they complete."""
        if self._skip_line_feed and chunk:
            self._skip_line_feed = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        if b"\r" in chunk:
            self._skip_line_feed = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > self._limit:
            raise EventTooLargeError(f"a line of the event stream exceeds {self._limit} bytes")
        return self._take(lines) if lines else []

    def flush(self) -> list[bytes]:
        """Return the last event when the stream ended without the blank line that should close it."""
        if not self._rest and not self._started:
            return []
        lines, self._rest = [self._rest, b""], b""
        return self._take(lines)

    def _take(self, lines: list[bytes]) -> list[bytes]:
        if not self._started:
            self._started = True
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        events: list[bytes] = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                    self._data = []
                    self._size = 0
            elif line.startswith(b"data:"):
                self._keep(line[6:] if line.startswith(b" ", 5) else line[5:])
            elif line == b"data":
                self._keep(b"")
        self.seen_events = self.seen_events or bool(events)
        return events

    def _keep(self, value: bytes) -> None:
        self._size += len(value) + 1
        if self._size > self._limit:
            raise EventTooLargeError(f"an event of the stream exceeds {self._limit} bytes")
        self._data.append(value)
