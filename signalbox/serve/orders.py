"""What the parent, the nursery and the workers tell each other."""

import os
import socket
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["ADOPT", "DRAIN", "FORCE", "HAND_OVER", "READY", "Report", "WorkerOrder", "read_order", "send_order"]

READY: Final = b"ready\n"
"""What a worker writes to its control socket once it answers requests."""
DRAIN: Final = b"d"
"""What asks a worker to end its requests and itself; so does the end of the parent."""
FORCE: Final = b"f"
"""What asks a worker that drains to end without what is under way."""
HAND_OVER: Final = b"h"
"""Like DRAIN, with connections handed over through the socket that comes along."""
ADOPT: Final = b"a"
"""What asks a worker to take over the connections that come through the socket that comes along."""
_LENGTH_BYTES: Final = 4


class WorkerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is to do.

    ``slot`` counts from 1 to ``workers``. Only a worker that ``migrates`` brings an older store up to date; only one
    that ``needs_redis`` refuses to start while a Redis that is given is away. ``divides``: it admits its share of each
    rate limit by itself. ``replaces`` says how the worker ended whose place it takes, empty when none was lost.
    """

    host: str
    slot: int
    workers: int
    data_dir: str
    migrates: bool = False
    needs_redis: bool = False
    divides: bool = False
    replaces: str = ""

    @property
    def folder(self) -> Path:
        """The data directory."""
        return Path(self.data_dir)


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a nursery says: the process id of a worker that was ``born``, why none was, or that one ``ended``."""

    born: int = 0
    fault: str = ""
    ended: int = 0
    code: int = 0


def send_order(channel: socket.socket, order: WorkerOrder, control: socket.socket) -> None:
    """Ask the nursery for a worker that holds ``control``. Raises ``OSError``."""
    content = msgspec.json.encode(order)
    head = len(content).to_bytes(_LENGTH_BYTES)
    socket.send_fds(channel, [head + content], [control.fileno()])


def read_order(channel: socket.socket) -> tuple[WorkerOrder, int] | None:
    """Return the next order and the worker's end of its control socket, None when nobody will order any more."""
    content, descriptors, _, _ = socket.recv_fds(channel, _LENGTH_BYTES, 1)
    if not content or not descriptors:
        return None
    os.set_inheritable(descriptors[0], False)
    wanted = int.from_bytes(content)
    rest = bytearray()
    while len(rest) < wanted:
        piece = channel.recv(wanted - len(rest))
        if not piece:
            return None
        rest += piece
    return msgspec.json.decode(rest, type=WorkerOrder), descriptors[0]
