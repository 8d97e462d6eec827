"""The process: how it starts, fails to start and stops, and what it writes to its log file."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import openai

from tests.support.simulator_process import SimulatorProcess

ROOT = Path(__file__).parents[2]


def attempt(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)


def test_taken_port_is_one_clear_line_and_exit_code_3(simulator: SimulatorProcess):
    port = str(urlsplit(simulator.base_url).port)
    ended = attempt("--port", port)
    assert (ended.returncode, ended.stderr) == (3, f"simulator: port {port} is already in use\n")


def test_missing_folder_is_one_clear_line():
    ended = attempt("--port", "0", "--recordings", "/nowhere/at/all")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)


def test_term_signal_ends_it_cleanly_with_the_log_written(tmp_path: Path):
    log = tmp_path / "calls.jsonl"
    process = SimulatorProcess("--fast", "--call-log", str(log))
    with process, openai.OpenAI(base_url=f"{process.start()}/v1", api_key="k", max_retries=0) as client:
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
        assert process.control("GET", "ready")["ready"] is True
        assert process.stop() == 0
    written = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(call["model"], call["outcome"]) for call in written] == [("gpt-4o", "completed")]


def test_interrupt_ends_it_cleanly():
    process = SimulatorProcess("--fast")
    process.start()
    process.signal(signal.SIGINT)
    assert process.wait() == 0
