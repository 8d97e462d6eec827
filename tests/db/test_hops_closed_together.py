"""Hops that share one engine: no connection is closed, or left open, while one of them is still at work."""

import asyncio
import threading

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from db.engine import make_engine
from db.hop import StoreHop, close_together

PATIENCE_S = 30.0
# As long as work goes on after the close was asked for, for the connections to be closed under it.
AT_WORK_S = 0.5


async def test_connections_are_closed_when_the_last_of_the_hops_has_ended(store_url: str) -> None:
    engine = make_engine(store_url)
    patient, prompt = StoreHop(engine), StoreHop(engine)
    began, disposed = threading.Event(), threading.Event()

    @event.listens_for(engine, "engine_disposed")
    def _note(_engine: Engine) -> None:
        disposed.set()

    def slow(session: Session) -> bool:
        session.connection()
        began.set()
        return disposed.wait(AT_WORK_S)

    reading = asyncio.create_task(prompt.read(slow))
    assert await asyncio.to_thread(began.wait, PATIENCE_S)
    await asyncio.to_thread(close_together, patient, prompt)
    assert not await reading, "closed while one of them was at work"
    assert disposed.is_set()
