"""The hop from the event loop into a thread: one call, one session, one transaction."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from db.engine import reading, writing
from db.errors import StoreBusyError
from db.failures import as_store_error, as_validation_error

__all__ = ["StoreHop"]

T = TypeVar("T")
_THREADS = 4


class StoreHop:
    """Runs work on the store in a few threads of its own. What it returns must be plain values, never model rows.

    Work that broke a constraint raises :class:`ValidationError`, a store that failed :class:`StoreError`.
    """

    def __init__(self, engine: Engine, *, threads: int = _THREADS) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._writing = writing(engine)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in a transaction that sees one moment of the store and writes nothing."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _run, self._reading, work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in a transaction that is committed when it returns and undone when it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _run, self._writing, work)

    def close(self) -> None:
        """Wait for what is running, then end the threads and close the connections."""
        self._threads.shutdown()
        self._engine.dispose()


def _run(engine: Engine, work: Callable[[Session], T]) -> T:
    try:
        with Session(engine) as session, session.begin():
            return work(session)
    except IntegrityError as error:
        raise as_validation_error(error) from None
    except DBAPIError as error:
        raise as_store_error(error) from None
    except PoolTimeoutError:
        raise StoreBusyError("The store is busy", detail="no free connection in time") from None
