"""A full disk: nothing is served that cannot be written down, and service resumes by itself once there is room."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import make_engine, reading
from tests.support.server_process import PlainServer
from tests.support.simulator_process import SimulatorProcess

SIZE = "8m"
ROOMY = "64m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        reason = f"a file system cannot be mounted here (run as root): {mounted.stderr.strip()}"
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(reason)
        pytest.skip(reason)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def _ask(server: PlainServer, tag: str) -> tuple[int, Any, str | None]:
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {server.facts['api_key']}",
        "x-request-id": tag,
    }
    body = json.dumps({"prompt": "hi [[sim:output_tokens=5]]", "useCase": "draft"}).encode()
    request = urllib.request.Request(f"{server.base_url}/api/llm", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read()), None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read()), error.headers.get("retry-after")


def _fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 512):
            try:
                for _ in range(100_000):
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def test_a_full_disk_refuses_new_requests_and_loses_none_that_was_answered(small_disk: Path) -> None:
    served: list[str] = []
    settings = {"SIGNALBOX_JOURNAL_SEGMENT_MB": "1", "SIGNALBOX_JOURNAL_LIMIT_MB": "4"}
    with SimulatorProcess() as simulator:
        with PlainServer(
            small_disk / "data", simulator.openai_url, simulator.base_url, SIGNALBOX_HEALTH_CHECKS="false", **settings
        ) as server:

            def one(number: int) -> tuple[int, Any, str | None]:
                tag = f"full-{number}"
                found = _ask(server, tag)
                if found[0] == 200:
                    served.append(tag)
                return found

            with ThreadPoolExecutor(8) as pool:
                assert all(each[0] == 200 for each in pool.map(one, range(150)))
                ballast = _fill(small_disk)
                refused = None
                for start in range(200, 12_000, 200):
                    answers = list(pool.map(one, range(start, start + 200)))
                    refused = next((each for each in answers if each[0] != 200), None)
                    if refused is not None:
                        break
            assert refused is not None, "the disk never filled"
            assert refused[0] == 503
            assert refused[1]["error"]["code"] == "OVERLOADED"
            assert refused[2] is not None
            assert int(refused[2]) >= 1
            ballast.unlink()
            # What was served needs room in the store as well, more than a disk of this size has.
            subprocess.run(["mount", "-o", f"remount,size={ROOMY}", str(small_disk)], check=True)
            deadline = time.monotonic() + 30
            while _ask(server, "again")[0] != 200:
                assert time.monotonic() < deadline, server.output()[-2_000:]
            assert server.stop(45) == 0
        assert server.command("audit", "verify")["sound"]
    engine = make_engine(f"sqlite:///{small_disk / 'data' / 'signalbox.db'}")
    with reading(engine).connect() as connection:
        rows = Counter(connection.scalars(text("SELECT request_id FROM audit_log WHERE status = 'success'")))
    engine.dispose()
    lost = [tag for tag in served if rows[tag] != 1]
    left = [str(each) for each in (small_disk / "data" / "journal").glob("*/*")]
    assert lost == [], (left, [rows[tag] for tag in lost], server.output()[-3_000:])
    assert len(served) > 100
