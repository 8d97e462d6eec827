"""What the log of a process says of a fault, in both formats."""

import subprocess
import sys

import pytest

SECRET = "sk-one-that-nobody-may-read"
FAULTY = """
import logging, sys
import structlog
from signalbox.logs import configure_logs
from signalbox.settings import load_settings

def answer(cookie):
    key = cookie + "".join(sys.argv[1:])
    raise ValueError("a fault of ours")

configure_logs(load_settings())
try:
    answer("session=")
except ValueError as error:
    logging.getLogger("plain").exception("request %s failed", "r-1")
    structlog.get_logger("bound").error("task failed", task="t-1", exc_info=error)
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_trace_of_a_fault_names_the_place_and_never_what_variables_hold(form: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FAULTY, SECRET],
        env={"SIGNALBOX_LOG_FORMAT": form},
        capture_output=True,
        check=True,
        text=True,
    )
    assert run.stderr.count("a fault of ours") >= 2
    assert "request r-1 failed" in run.stderr
    assert "t-1" in run.stderr
    assert "answer" in run.stderr
    assert SECRET not in run.stderr
