"""One answer on its way out: paced, perhaps cut short, and logged when it is over."""

import asyncio
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, Protocol

from simulator.call_log import Call, CallLog, Outcome

Ending = Literal["done", "reset", "close", "silent"]

_FLUSH_SECONDS: Final = 0.02
_COALESCE_SECONDS: Final = 0.000_5
_BYTES_PER_TURN: Final = 262_144


class Frame(NamedTuple):
    """Bytes to send, the seconds to wait before them, and the completion tokens they carry."""

    data: bytes
    wait: float = 0.0
    tokens: int = 0


class Line(Protocol):
    """The connection an answer goes out on."""

    paused: bool

    def write(self, data: bytes) -> None:
        """Send bytes."""
        ...

    def finish(self) -> None:
        """Say that the answer is over and the next request may come."""
        ...

    def reset(self) -> None:
        """Break the connection so that the peer sees a reset."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class Script(NamedTuple):
    """All there is to send and how it ends; ``counted`` calls log the tokens sent, others those of the whole answer."""

    frames: Iterator[Frame]
    ending: Ending = "done"
    spoiled: bool = False
    tail: bytes = b""


class Exchange:
    """Plays a script on a line; a slow reader holds it up, a vanished one ends it."""

    __slots__ = (
        "_billed",
        "_call",
        "_due",
        "_held",
        "_line",
        "_log",
        "_loop",
        "_over",
        "_script",
        "_started",
        "_timer",
    )

    def __init__(self, line: Line, log: CallLog, call: Call, script: Script) -> None:
        self._line = line
        self._log = log
        self._call = call
        self._script = script
        self._loop = asyncio.get_running_loop()
        self._started = self._due = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._held: Frame | None = None
        self._over = False
        self._billed = call.completion_tokens
        call.completion_tokens = 0

    def start(self) -> None:
        """Begin to send."""
        self._log.begin(self._call)
        self.advance()

    def advance(self) -> None:
        """Send all that is due; called again when the line can take more."""
        limit = self._call.bytes_sent + _BYTES_PER_TURN
        while not self._over and self._timer is None and not self._line.paused:
            if self._call.bytes_sent >= limit:
                # The transport asks for a pause only once the loop has turned.
                self._timer = self._loop.call_later(0, self._wake)
                return
            frame = self._held or next(self._script.frames, None)
            if frame is None:
                self._end()
                return
            if self._held is None and frame.wait > 0:
                self._held = frame
                self._due = max(self._due, self._loop.time() - _COALESCE_SECONDS) + frame.wait
                if self._due - self._loop.time() > _COALESCE_SECONDS:
                    self._timer = self._loop.call_at(self._due, self._wake)
                    return
            self._held = None
            self._send(frame)

    def abandon(self) -> None:
        """Note that the client has gone."""
        if self._timer is not None:
            self._timer.cancel()
        self._report("client_closed")

    def _wake(self) -> None:
        self._timer = None
        self.advance()

    def _send(self, frame: Frame) -> None:
        call = self._call
        if call.first_byte_ms is None:
            call.first_byte_ms = self._elapsed_ms()
        self._line.write(frame.data)
        call.bytes_sent += len(frame.data)
        call.chunks_sent += 1
        call.completion_tokens += frame.tokens

    def _end(self) -> None:
        script = self._script
        if script.ending == "silent":
            return
        if script.tail:
            self._line.write(script.tail)
            self._call.bytes_sent += len(script.tail)
        if script.ending == "done":
            if not script.spoiled:
                self._call.completion_tokens = self._billed
            self._report("fault" if script.spoiled else "completed")
            self._line.finish()
            return
        self._report("cut")
        # What was written must reach the peer before the connection breaks.
        wait = _FLUSH_SECONDS if self._call.bytes_sent else 0.0
        self._loop.call_later(wait, self._line.reset if script.ending == "reset" else self._line.close)

    def _report(self, outcome: Outcome) -> None:
        if self._over:
            return
        self._over = True
        self._call.outcome = outcome
        self._call.duration_ms = self._elapsed_ms()
        self._log.end(self._call)

    def _elapsed_ms(self) -> float:
        return round((self._loop.time() - self._started) * 1_000, 3)
