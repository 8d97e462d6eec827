"""Recorders that keep or pass on events."""

from typing import Any

import msgspec
import pytest

from router_core.metrics.recorders import FanOutRecorder, RecentEvents
from router_core.types import RequestEvent
from tests.support.core_fakes import KeptEvents, answer, ask, rig, service


@pytest.fixture
async def event() -> RequestEvent:
    """One real event."""
    desk = rig()
    desk.adapters.script("openai-gpt4o-mini", answer())
    await desk.router.complete(ask(), service("acme"))
    return desk.events.only


def named(event: RequestEvent, **changes: Any) -> RequestEvent:
    return msgspec.structs.replace(event, **changes)


async def test_the_newest_events_come_first(event: RequestEvent) -> None:
    recent = RecentEvents()
    for name in "abc":
        recent.record(named(event, id=name))
    assert [each.id for each in recent.recent(2, None)] == ["c", "b"]
    assert recent.recent(0, None) == []


async def test_the_oldest_event_makes_room(event: RequestEvent) -> None:
    recent = RecentEvents(capacity=3)
    for name in "abcde":
        recent.record(named(event, id=name))
    assert [each.id for each in recent.recent(99, None)] == ["e", "d", "c"]


async def test_only_the_named_accounts_are_shown(event: RequestEvent) -> None:
    recent = RecentEvents()
    for account in ("acme", "rival", "acme", None):
        recent.record(named(event, account_id=account))
    assert [each.account_id for each in recent.recent(9, ["acme"])] == ["acme", "acme"]
    assert recent.recent(9, []) == []
    assert len(recent.recent(9, None)) == 4


async def test_an_event_reaches_every_recorder_once(event: RequestEvent) -> None:
    first, second = KeptEvents(), KeptEvents()
    FanOutRecorder(first, second).record(event)
    assert first.only is second.only is event
