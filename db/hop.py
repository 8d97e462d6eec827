"""The hop from the event loop into a thread: one call, one session, one transaction, within a bounded time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from db.deadline import until
from db.engine import ping, reading, writing
from db.errors import StoreCrowdedError, StoreError, StoreUnreachableError
from db.failures import as_store_error, as_validation_error
from db.watch import StoreWatch
from router_core.clock import SystemClock

__all__ = ["PATIENT_S", "PROMPT_S", "StoreHop", "close_together"]

T = TypeVar("T")
_THREADS: Final = 4
# What requests, followers and small changes may take, and what reports and batches may.
PROMPT_S: Final = 2.0
PATIENT_S: Final = 10.0
# The thread gives up by itself; what cannot even do that, on a disk that hangs, is left behind after as long again.
_GRACE_S: Final = 0.5


class StoreHop:
    """Runs work on the store in a few threads of its own. What it returns must be plain values, never model rows.

    Work that broke a constraint raises :class:`ValidationError`. A store that failed, or did not do its part within
    ``patience`` seconds of waiting and working, raises :class:`StoreError`; whether a change was made is then not
    known. While ``watch`` knows the store to be away that is said at once.
    """

    def __init__(
        self, engine: Engine, *, threads: int = _THREADS, patience: float = PATIENT_S, watch: StoreWatch | None = None
    ) -> None:
        # Real waits are measured in real time, whatever a test's clock says.
        self._clock = SystemClock()
        self._engine = engine
        self._reading = reading(engine)
        self._writing = writing(engine)
        self._patience = patience
        self._watch = watch or StoreWatch(self._clock)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in a transaction that sees one moment of the store and writes nothing."""
        return await self._hop(_run, self._reading, work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in a transaction that is committed when it returns and undone when it raises."""
        return await self._hop(_run, self._writing, work)

    async def ping(self) -> None:
        """See whether the store answers, even while it is known to be away. Raises :class:`StoreError`."""
        end = self._clock.now() + self._patience
        await self._answer(self._threads.submit(_within, end, ping, self._engine))

    def close(self) -> None:
        """Wait for what is running, then end the threads and close the connections."""
        close_together(self)

    def end_threads(self) -> Engine:
        """Wait for what is running and end the threads; return the engine, whose connections are still open."""
        self._threads.shutdown()
        return self._engine

    async def _hop(
        self, run: Callable[[Engine, Callable[[Session], T]], T], engine: Engine, work: Callable[[Session], T]
    ) -> T:
        self._watch.admit()
        end = self._clock.now() + self._patience
        try:
            found = await self._answer(self._threads.submit(_within, end, run, engine, work))
        except StoreError as error:
            self._watch.note(error)
            raise
        self._watch.note(None)
        return found

    async def _answer(self, running: "Future[T]") -> T:
        answer = asyncio.wrap_future(running)
        try:
            done, _ = await asyncio.wait({answer}, timeout=self._patience + _GRACE_S)
        except asyncio.CancelledError:
            answer.cancel()
            raise
        if done:
            return answer.result()
        answer.add_done_callback(_forget)
        if running.cancel():
            raise StoreCrowdedError("The store is busy", detail="no thread was free in time")
        raise StoreUnreachableError("The store cannot be reached", detail="it did not answer in time")


def close_together(*hops: StoreHop) -> None:
    """Close hops that share connections: none is closed while any of them may still be using one."""
    for engine in [each.end_threads() for each in hops]:
        engine.dispose()


def _within(end: float, work: Callable[..., T], *arguments: object) -> T:
    if SystemClock().now() >= end:
        raise StoreCrowdedError("The store is busy", detail="no thread was free in time")
    with until(end):
        return work(*arguments)


def _run(engine: Engine, work: Callable[[Session], T]) -> T:
    try:
        with Session(engine) as session, session.begin():
            return work(session)
    except IntegrityError as error:
        raise as_validation_error(error) from None
    except DBAPIError as error:
        raise as_store_error(error) from None
    except PoolTimeoutError:
        raise StoreCrowdedError("The store is busy", detail="no free connection in time") from None


def _forget(answer: "asyncio.Future[Any]") -> None:
    """Take the end of work that nobody waits for any more."""
    if not answer.cancelled():
        answer.exception()
