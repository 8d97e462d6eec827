"""Two serving processes on one data directory and one store: each writes its own chain, together they tell it all."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.faults.record_kills import LastingServer
from tests.faults.settled_record import journal_files, settled
from tests.support.simulator_process import SimulatorProcess

EACH = 15
SEEN_WITHIN = 120  # pauses of 50 ms


def _ask(server: LastingServer, path: str, body: dict[str, Any] | None = None, tag: str = "") -> Any:
    headers = {"content-type": "application/json", "authorization": f"Bearer {server.facts['api_key']}"}
    if tag:
        headers["x-request-id"] = tag
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.base_url}{path}", data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def _serve(server: LastingServer, first: int) -> list[str]:
    tags = [f"pair-{number}" for number in range(first, first + EACH)]
    for tag in tags:
        _ask(server, "/api/llm", {"prompt": f"hi [[sim:output_tokens=5]] {tag}", "useCase": "draft"}, tag)
    return tags


def test_a_killed_neighbour_loses_nothing_and_both_are_counted_once(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'data' / 'signalbox.db'}"
    with SimulatorProcess("--fast", "--call-log", str(tmp_path / "calls.jsonl")) as simulator:
        urls = (simulator.openai_url, simulator.base_url)
        one = LastingServer(tmp_path / "data", *urls, SIGNALBOX_HEALTH_CHECKS="false")
        two = LastingServer(tmp_path / "data", *urls, SIGNALBOX_HEALTH_CHECKS="false")
        with one:
            two.facts = {**one.facts, "base_url": two.base_url}
            with two:
                tags = [*_serve(one, 0), *_serve(two, 100)]
                two.kill()
                assert journal_files(tmp_path / "data")
            tags += _serve(one, 200)
            two.start()  # Takes over what it left behind.
            tags += _serve(two, 300)
            for _ in range(SEEN_WITHIN):
                if settled(store, "pair-").rows == len(tags):
                    break
                one.pause()
            assert two.stop(40) == 0
            assert one.stop(40) == 0
        found = settled(store, "pair-")
        assert (found.rows, set(found.statuses)) == (len(tags), set(tags))
        assert set(found.statuses.values()) == {"success"}
        assert len(set(found.sums.values())) == 1
        assert journal_files(tmp_path / "data") == []
        verified = one.command("audit", "verify")
        assert verified["sound"]
        assert sum(each["rows"] > 0 for each in verified["chains"]) >= 2
