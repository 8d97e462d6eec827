"""A server that is told to end under a hundred open streams: what can end in time does, the rest is cut and told."""

import asyncio
from collections import Counter
from pathlib import Path

import aiohttp

from router_core.clock import SystemClock
from tests.faults.settled_record import journal_files, settled
from tests.support.server_process import PlainServer
from tests.support.simulator_process import SimulatorProcess

STREAMS = 100
EXIT_S = 10.0


async def _read(session: aiohttp.ClientSession, server: PlainServer, tag: str, words: int, began: list[str]) -> bytes:
    """Return the body of one stream; ``began`` notes those whose head has come."""
    body = {"prompt": f"hi [[sim:tag={tag}]] [[sim:output_tokens={words}]]", "useCase": "draft", "stream": True}
    headers = {"authorization": f"Bearer {server.facts['api_key']}", "x-request-id": tag}
    async with session.post(f"{server.base_url}/api/llm", json=body, headers=headers) as answer:
        assert answer.status == 200
        await answer.content.readany()
        began.append(tag)
        return await answer.read()


async def _end_under_streams(server: PlainServer, words: int, within_s: float) -> tuple[int, list[bytes]]:
    """Tell the server to end once all streams run; return its exit code and what clients had read by then."""
    began: list[str] = []
    clock = SystemClock()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        reads = [asyncio.create_task(_read(session, server, f"end-{n}", words, began)) for n in range(STREAMS)]
        for _ in range(300):
            if len(began) == STREAMS:
                break
            await clock.sleep(0.05)
        assert len(began) == STREAMS
        code = await asyncio.to_thread(server.stop, within_s)
        return code, await asyncio.gather(*reads)


def test_streams_that_end_within_the_drain_end_whole(tmp_path: Path) -> None:
    with SimulatorProcess("--call-log", str(tmp_path / "calls.jsonl")) as simulator:
        server = PlainServer(
            tmp_path / "data", simulator.openai_url, simulator.base_url, SIGNALBOX_HEALTH_CHECKS="false"
        )
        with server:
            code, bodies = asyncio.run(_end_under_streams(server, words=300, within_s=30 + EXIT_S))
        assert code == 0
        assert all(body.endswith(b"data: [DONE]\n\n") and b'"type":"error"' not in body for body in bodies)
        found = settled(f"sqlite:///{tmp_path / 'data' / 'signalbox.db'}", "end-")
        assert (found.rows, Counter(found.statuses.values())) == (STREAMS, {"success": STREAMS})
        assert len(set(found.sums.values())) == 1
        assert found.sums["audit_log"] > 0
        assert journal_files(tmp_path / "data") == []
        assert server.command("audit", "verify")["sound"]


def test_streams_that_outlast_the_drain_are_cut_told_and_on_record(tmp_path: Path) -> None:
    drain_s = 2
    with SimulatorProcess("--call-log", str(tmp_path / "calls.jsonl")) as simulator:
        environment = {"SIGNALBOX_HEALTH_CHECKS": "false", "SIGNALBOX_DRAIN_S": str(drain_s)}
        server = PlainServer(tmp_path / "data", simulator.openai_url, simulator.base_url, **environment)
        with server:
            code, bodies = asyncio.run(_end_under_streams(server, words=6_000, within_s=drain_s + EXIT_S))
        assert code == 0
        assert all(b'"type":"error"' in body and body.endswith(b"data: [DONE]\n\n") for body in bodies)
        found = settled(f"sqlite:///{tmp_path / 'data' / 'signalbox.db'}", "end-")
        assert found.rows == len(found.statuses) == STREAMS
        assert "success" not in found.statuses.values()
        assert len(set(found.sums.values())) == 1
        assert journal_files(tmp_path / "data") == []
        assert server.command("audit", "verify")["sound"]
