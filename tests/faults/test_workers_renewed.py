"""A rolling restart of four workers under load: nobody outside notices."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.settled_record import journal_files, settled
from tests.faults.traffic import Traffic, open_traffic
from tests.support.server_process import WorkersServer
from tests.support.simulator_process import SimulatorProcess

WORKERS, RATE = 4, 100.0
MOST_S, AFTERWARDS_S = 120.0, 1.0
RENEWED = f"all {WORKERS} workers are renewed"


async def _renew_under_load(server: WorkersServer) -> Traffic:
    """Send 100 requests a second, half of them streams, over kept connections until every worker was replaced."""
    async with open_traffic(server.base_url, server.facts["api_key"], "roll") as traffic:
        await traffic.offer(RATE, AFTERWARDS_S)
        server.renew()
        await traffic.offer(RATE, MOST_S, until=lambda: RENEWED in server.output())
        await traffic.offer(RATE, AFTERWARDS_S)
    return traffic


@pytest.mark.alone
def test_a_rolling_restart_fails_no_request(tmp_path: Path) -> None:
    with SimulatorProcess() as simulator:
        server = WorkersServer(
            tmp_path / "data", WORKERS, simulator.openai_url, simulator.base_url, SIGNALBOX_LINGER_S="2"
        )
        with server:
            before = server.worker_pids()
            traffic = asyncio.run(_renew_under_load(server))
            after = server.worker_pids()
            assert server.stop(40) == 0
        assert RENEWED in server.output()
        assert len(before) == len(after) == WORKERS
        assert not set(before) & set(after)
        assert Counter(seen.why for seen in traffic.seen if seen.verdict != "served") == Counter()
        assert len(traffic.seen) > 2 * RATE * AFTERWARDS_S
        found = settled(f"sqlite:///{tmp_path / 'data' / 'signalbox.db'}", "")
        assert found.rows == len(traffic.seen)
        assert len(set(found.sums.values())) == 1
        assert journal_files(tmp_path / "data") == []
        assert server.command("audit", "verify")["sound"]
