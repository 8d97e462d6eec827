"""The audit log is read in pages: whatever the filter, all rows, each once, in order, and with bounded work."""

import asyncio
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from db.engine import make_engine
from db.hop import StoreHop
from db.queries.audit_reader import SqlAuditReader
from db.queries.audit_scan import ScanBounds
from db.records.event_store import SqlEventStore
from router_core.audit.signatures import ChainSigner
from router_core.errors import ValidationError
from router_core.ports import EventBatch
from router_core.types import Attempt, AuditEntry, AuditFilter, Decision, Principal, RequestEvent
from tests.support.fake_clock import FakeClock
from tests.support.record_events import AT, event

ROWS = 600
KEYS = ("k1", "k2", "k3")


def _ever(**changes: Any) -> AuditFilter:
    return AuditFilter(since=AT - timedelta(days=1), until=AT + timedelta(days=30), **changes)


def _made(number: int, rng: random.Random) -> RequestEvent:
    account = rng.choice(("acme", "globex", "initech"))
    by_person = rng.random() < 0.2
    who = (
        Principal(kind="person", id="u1", name=f"{rng.choice('ab')}@x.example", role="owner", accounts=(account,))
        if by_person
        else Principal(kind="key", id=rng.choice(KEYS), name="key", role="service", accounts=(account,))
    )
    status = rng.choice(("success", "success", "success", "error", "cancelled"))
    error = f"Upstream said {rng.choice(('boom', 'bang'))} at node-{number % 7}" if status == "error" else None
    attempt = Attempt(number=1, provider="a", model="m", outcome=status, latency_ms=5, error=error)
    return event(
        number,
        timestamp=AT + timedelta(seconds=rng.randrange(300)),
        principal=who,
        account_id=account,
        use_case=rng.choice(("draft", "summary")),
        provider=rng.choice(("a", "b", None)),
        model=rng.choice(("m1", "m2")),
        status=status,
        error_code=None if status == "success" else "PROVIDER_ERROR",
        metadata={"team": rng.choice(("red", "blue"))} if rng.random() < 0.3 else {},
        decision=Decision(use_case="draft", revision=1, estimated_input_tokens=1, considered=(), attempts=(attempt,)),
    )


MADE = [_made(number, random.Random(number)) for number in range(ROWS)]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def hop(request: pytest.FixtureRequest) -> Iterator[StoreHop]:
    """A store with 600 requests, read only."""
    engine = make_engine(request.getfixturevalue(f"shared_{request.param}_url"))
    hop = StoreHop(engine)
    store = SqlEventStore(hop, FakeClock(), ChainSigner(b"k" * 32))

    async def fill() -> None:
        for start in range(0, ROWS, 100):
            await store.apply(EventBatch(writer="w", events=tuple(MADE[start : start + 100])))

    asyncio.run(fill())
    yield hop
    hop.close()


def _expected(**filters: str) -> list[str]:
    def fits(each: RequestEvent) -> bool:
        who = each.principal
        values = {
            "account": each.account_id,
            "api_key": who.id if who.kind == "key" else None,
            "user": who.name if who.kind == "person" else None,
            "use_case": each.use_case,
            "provider": each.provider,
            "model": each.model,
            "status": each.status,
            "request_id": each.request_id,
            "error_code": each.error_code,
            "event": "llm.request",
        }
        return all(values[name] == wanted for name, wanted in filters.items())

    chosen = [(each.timestamp, number, each.id) for number, each in enumerate(MADE) if fits(each)]
    return [id for _, _, id in sorted(chosen, reverse=True)]


async def _walk(reader: SqlAuditReader, wanted: AuditFilter, limit: int, *, from_oldest: bool) -> list[str]:
    """Return the ids of all pages, from one end to the other."""
    found: list[AuditEntry] = []
    page = await reader.page(wanted, limit=limit, oldest=from_oldest)
    for _ in range(ROWS + 1):
        found = [*page.entries, *found] if from_oldest else [*found, *page.entries]
        cursor = page.newer if from_oldest else page.older
        if cursor is None:
            return [each.id for each in found]
        page = await reader.page(wanted, limit=limit, cursor=cursor)
    raise AssertionError("the pages never end")


FILTERS: list[dict[str, str]] = [
    {},
    {"account": "acme"},
    {"api_key": "k2"},
    {"user": "a@x.example"},
    {"status": "error", "provider": "b"},
    {"account": "globex", "model": "m1", "use_case": "draft", "status": "success"},
    {"error_code": "PROVIDER_ERROR"},
    {"request_id": "request-77"},
    {"event": "llm.request", "model": "m2"},
    {"account": "nobody"},
    {"event": "breaker.reset"},
]


@pytest.mark.parametrize("from_oldest", [False, True])
@pytest.mark.parametrize("filters", FILTERS, ids=lambda each: "+".join(each) or "none")
async def test_pages_hold_every_matching_row_once_and_in_order(
    hop: StoreHop, filters: dict[str, str], from_oldest: bool
) -> None:
    reader = SqlAuditReader(hop, FakeClock())
    wanted = _ever(**filters)
    for limit in (7, 100):
        assert await _walk(reader, wanted, limit, from_oldest=from_oldest) == _expected(**filters)
    count = await reader.count(wanted)
    assert (count.number, count.capped) == (len(_expected(**filters)), False)


async def test_a_search_that_stops_early_says_how_far_it_looked_and_goes_on_from_there(
    hop: StoreHop,
) -> None:
    reader = SqlAuditReader(hop, FakeClock(), ScanBounds(first=20, most=50))
    wanted = _ever(error_code="PROVIDER_ERROR", model="m1")
    page = await reader.page(wanted, limit=100)
    assert page.looked_back_to is not None
    assert page.older is not None
    assert await _walk(reader, wanted, 100, from_oldest=False) == _expected(error_code="PROVIDER_ERROR", model="m1")


async def test_back_and_forth_shows_the_same_pages(hop: StoreHop) -> None:
    reader, wanted = SqlAuditReader(hop, FakeClock()), _ever(account="acme")
    first = await reader.page(wanted, limit=10)
    second = await reader.page(wanted, limit=10, cursor=first.older)
    third = await reader.page(wanted, limit=10, cursor=second.older)
    assert (await reader.page(wanted, limit=10, cursor=third.newer)).entries == second.entries
    assert (await reader.page(wanted, limit=10, cursor=second.newer)).entries == first.entries
    assert first.newer is None


async def test_the_range_is_half_open(hop: StoreHop) -> None:
    since, until = AT + timedelta(seconds=100), AT + timedelta(seconds=200)
    page = await SqlAuditReader(hop, FakeClock()).page(AuditFilter(since=since, until=until), limit=1_000)
    assert {each.id for each in page.entries} == {each.id for each in MADE if since <= each.timestamp < until}


async def test_readers_see_their_own_accounts_only(hop: StoreHop) -> None:
    reader = SqlAuditReader(hop, FakeClock())
    for accounts in (("acme",), ("acme", "globex")):
        page = await reader.page(_ever(accounts=accounts), limit=1_000)
        assert {each.account_id for each in page.entries} == set(accounts)
    foreign = next(each for each in MADE if each.account_id == "initech")
    assert await reader.detail(foreign.id, ("acme",)) is None
    assert (await reader.page(_ever(accounts=("acme",), account="initech"), limit=10)).entries == ()
    assert (await reader.choices(("acme",))).accounts == ("acme",)


@pytest.mark.parametrize("text", ["boom", "BANG node", "team red"])
async def test_a_text_finds_the_rows_with_all_its_words(hop: StoreHop, text: str) -> None:
    def holds(each: RequestEvent) -> bool:
        errors = " ".join(attempt.error or "" for attempt in each.decision.attempts)
        metadata = " ".join(f"{name} {value}" for name, value in each.metadata.items())
        return set(text.lower().split()) <= set(f"{errors} {metadata}".lower().replace("-", " ").split())

    expected = [each.id for each in MADE if holds(each)]
    assert expected
    reader = SqlAuditReader(hop, FakeClock())
    page = await reader.page(_ever(text=text), limit=1_000)
    assert sorted(each.id for each in page.entries) == sorted(expected)
    assert sorted(await _walk(reader, _ever(text=text), 7, from_oldest=False)) == sorted(expected)


@pytest.mark.parametrize("text", ["", " ", '"', "a b c d e f g h i"])
async def test_a_text_without_words_or_with_too_many_is_refused(hop: StoreHop, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        await SqlAuditReader(hop, FakeClock()).page(_ever(text=text), limit=10)
    assert refused.value.field == "text"


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "AAAA", "b" * 400, "eA=="])
async def test_a_cursor_that_is_not_ours_is_refused(hop: StoreHop, cursor: str) -> None:
    with pytest.raises(ValidationError) as refused:
        await SqlAuditReader(hop, FakeClock()).page(_ever(), limit=10, cursor=cursor)
    assert refused.value.field == "cursor"


async def test_a_row_has_its_trace(hop: StoreHop) -> None:
    failed = next(each for each in MADE if each.status == "error" and each.metadata)
    detail = await SqlAuditReader(hop, FakeClock()).detail(failed.id, None)
    assert detail is not None
    assert detail.decision == failed.decision
    assert detail.metadata == failed.metadata
    assert detail.content is None


async def test_menus_offer_what_occurred(hop: StoreHop) -> None:
    choices = await SqlAuditReader(hop, FakeClock()).choices(None)
    assert choices.accounts == ("acme", "globex", "initech")
    assert choices.api_keys == KEYS
    assert choices.models == ("m1", "m2")
    assert choices.providers == ("a", "b")
