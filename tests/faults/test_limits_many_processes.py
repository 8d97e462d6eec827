"""Four processes and one account: in no window are more let in than the burst and what came back meanwhile."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.redis
ROOT = Path(__file__).resolve().parents[2]
PROCESSES, SECONDS = 4, 2.5
BURST, RATE = 50, 10.0
PATIENCE_S = 60


def worst_excess(admitted: Sequence[tuple[float, float]]) -> float:
    """Return by how many more than allowed were surely let in within any window, below 0 for fewer.

    A request was let in at some moment between being sent and answered: one counts for a window when both lie in it.
    """
    worst = -float(BURST)
    for begin in sorted(sent for sent, _ in admitted):
        inside = sorted(answered for sent, answered in admitted if sent >= begin)
        for count, end in enumerate(inside, 1):
            worst = max(worst, count - BURST - RATE * (end - begin))
    return worst


def test_the_judge_sees_one_too_many() -> None:
    exact = [(0.0, 0.0)] * BURST + [(0.1 * number, 0.1 * number) for number in range(1, 11)]
    assert worst_excess(exact) == pytest.approx(0)
    assert worst_excess([*exact, (0.5, 0.5)]) == pytest.approx(1)


def test_over_four_processes_no_window_has_more_than_the_limit(redis_server: RedisServer) -> None:
    command = [sys.executable, "-m", "tests.faults.limit_worker", redis_server.url, str(SECONDS)]
    workers = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        for each in workers:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        told = [each.communicate(timeout=PATIENCE_S)[0] for each in _started(workers)]
    finally:
        for each in workers:
            each.kill()
            each.wait()
    admitted = [(sent, answered) for text in told for sent, answered in json.loads(text)]
    assert worst_excess(admitted) <= 1e-6
    # And it is no stricter than it says: the burst, and ten a second since.
    spent = max(answered for _, answered in admitted) - min(sent for sent, _ in admitted)
    assert len(admitted) >= BURST + RATE * (spent - 0.5)


def _started(workers: Sequence["subprocess.Popen[str]"]) -> Sequence["subprocess.Popen[str]"]:
    for each in workers:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    return workers
