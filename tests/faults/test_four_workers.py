"""Four workers on one SQLite store: exact money, and a rolling restart that nobody outside notices."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import httpx2
import pytest

from tests.faults.settled_record import journal_files, settled
from tests.faults.traffic import Traffic, open_traffic
from tests.support.server_process import WorkersServer
from tests.support.simulator_process import SimulatorProcess

WORKERS, RATE = 4, 100.0
MOST_S, AROUND_S = 60.0, 1.0
ROOM, ASKED, AT_ONCE, TOKENS = 60, 160, 32, 5
CENT_A_REQUEST = ("--input", "0", "--output", str(0.01 * 1_000_000 / TOKENS))


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--call-log", str(tmp_path_factory.mktemp("calls") / "calls.jsonl")) as running:
        yield running


@pytest.fixture(scope="module")
def server(simulator: SimulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkersServer]:
    folder = tmp_path_factory.mktemp("four") / "data"
    server = WorkersServer(folder, WORKERS, simulator.openai_url, simulator.base_url, SIGNALBOX_LINGER_S="2")
    server.command("accounts", "create", "spender")
    server.command("prices", "set", "gpt-4o-mini", *CENT_A_REQUEST, "--source", "test", "--account", "spender")
    server.command("budgets", "set", "--account", "spender", "--daily", str(ROOM / 100))
    with server:
        yield server


def store_of(server: WorkersServer) -> str:
    return f"sqlite:///{server.folder / 'signalbox.db'}"


async def _spend(server: WorkersServer, key: str) -> Counter[str]:
    """Send more requests than a budget has room for, many at once; return how they ended."""
    ends: Counter[str] = Counter()
    numbers = iter(range(ASKED))
    body = {"prompt": f"[[sim:output_tokens={TOKENS}]] hi", "modelOverride": "gpt-4o-mini", "maxTokens": TOKENS}

    async def lane(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            async with session.post("/api/llm", json=body, headers={"x-request-id": f"spend-{number}"}) as answer:
                content = await answer.json()
                ends["served" if answer.status == 200 else content["error"]["code"]] += 1

    async with aiohttp.ClientSession(
        server.base_url, headers={"authorization": f"Bearer {key}"}, connector=aiohttp.TCPConnector(limit=0)
    ) as session:
        await asyncio.gather(*(lane(session) for _ in range(AT_ONCE)))
    return ends


def test_a_budget_with_room_for_so_many_requests_lets_exactly_so_many_through(
    server: WorkersServer, simulator: SimulatorProcess
) -> None:
    key = server.command("keys", "create", "--account", "spender")["key"]
    before = simulator.counts()["calls"]
    ends = asyncio.run(_spend(server, key))
    assert (ends["served"], simulator.counts()["calls"] - before) == (ROOM, ROOM)
    assert set(ends) <= {"served", "PAYMENT_REQUIRED", "OVERLOADED"}


def test_one_idempotency_key_is_served_once_whichever_worker_is_asked(
    server: WorkersServer, simulator: SimulatorProcess
) -> None:
    before = simulator.counts()["calls"]
    headers = {"authorization": f"Bearer {server.facts['api_key']}", "idempotency-key": "of-all-workers"}

    def ask(_: int) -> httpx2.Response:
        return httpx2.post(f"{server.base_url}/api/llm", json={"prompt": "once"}, headers=headers, trust_env=False)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, range(AT_ONCE)))
    assert {each.status_code for each in answers} <= {200, 409}
    assert len({each.content for each in answers if each.status_code == 200}) == 1
    assert simulator.counts()["calls"] == before + 1


async def _renew_under_load(server: WorkersServer) -> Traffic:
    """Send 100 requests a second, half of them streams, over kept connections until every worker was replaced."""
    renewed = f"all {WORKERS} workers are renewed"
    async with open_traffic(server.base_url, server.facts["api_key"], "roll") as traffic:
        await traffic.offer(RATE, AROUND_S)
        server.renew()
        await traffic.offer(RATE, MOST_S, until=lambda: renewed in server.output())
        await traffic.offer(RATE, AROUND_S)
    assert renewed in server.output()
    return traffic


@pytest.mark.alone
def test_a_rolling_restart_under_load_fails_no_request(server: WorkersServer) -> None:
    before = server.worker_pids()
    traffic = asyncio.run(_renew_under_load(server))
    after = server.worker_pids()
    assert len(before) == len(after) == WORKERS
    assert not set(before) & set(after)
    assert Counter(seen.why for seen in traffic.seen if seen.verdict != "served") == Counter()


def test_everything_is_on_record_once_when_the_workers_have_ended(
    server: WorkersServer, simulator: SimulatorProcess
) -> None:
    assert server.stop(40) == 0
    spent, together = settled(store_of(server), "spend-"), settled(store_of(server), "")
    assert (spent.rows, Counter(spent.statuses.values())["success"]) == (ASKED, ROOM)
    served = [request_id for request_id, status in together.statuses.items() if request_id and status == "success"]
    assert len(served) == simulator.counts()["calls"]
    assert len(set(together.sums.values())) == 1
    assert journal_files(server.folder) == []
    verified = server.command("audit", "verify")
    assert verified["sound"]
    assert sum(each["rows"] > 0 for each in verified["chains"]) >= WORKERS
