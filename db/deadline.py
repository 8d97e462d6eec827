"""How long work on the store may take, felt by the drivers themselves: a hung server holds no thread for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import psycopg
from psycopg.errors import ConnectionTimeout
from sqlalchemy import Engine, event

from router_core.clock import SystemClock

__all__ = ["feel_deadlines", "until"]

# What waits outside a deadline: statements of exports and checks, which the server itself bounds where it can.
_LONGEST_WAIT_S: Final = 15.0
_SQLITE_STEPS: Final = 20_000
_HUNG: Final = "the server did not answer in time"
_LATE: Final = "there is no time left to connect"

T = TypeVar("T")
# Real waits are measured in real time, whatever a test's clock says.
_clock: Final = SystemClock()
_end: Final[ContextVar[float | None]] = ContextVar("store_work_ends", default=None)


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Have what this thread does with a store end by ``moment``, in monotonic seconds."""
    token = _end.set(moment)
    try:
        yield
    finally:
        _end.reset(token)


def feel_deadlines(engine: Engine) -> None:
    """Let connections of ``engine`` give up at the deadline of the work that uses them."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    else:
        event.listen(engine, "do_connect", _connect)


class _BoundedConnection(psycopg.Connection[Any]):
    """Closes itself when the server does not answer in time: what it would say later belongs to nobody."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        end = _end.get()
        left = _LONGEST_WAIT_S if end is None else max(0.0, end - _clock.now())
        if timeout is not None:
            return super().wait(gen, interval, min(timeout, left))
        try:
            return super().wait(gen, interval, left)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 - what the driver raises, and has no public name for
            self.pgconn.finish()
            raise ConnectionTimeout(_HUNG) from None


def _connect(_dialect: Any, _record: Any, arguments: Any, settings: dict[str, Any]) -> Any:
    end = _end.get()
    if end is not None and end <= _clock.now():
        raise ConnectionTimeout(_LATE)
    return _BoundedConnection.connect(*arguments, **settings)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.set_progress_handler(_is_over, _SQLITE_STEPS)


def _is_over() -> int:
    end = _end.get()
    return int(end is not None and end <= _clock.now())
