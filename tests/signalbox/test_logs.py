"""What the log of a process says of a fault, in both formats."""

import json
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


LEAKY = """
import logging, sys
import structlog
from router_core.errors.known_secrets import KnownSecrets
from router_core.types import Secret
from signalbox.logs import configure_logs, mask_in_logs
from signalbox.settings import load_settings

configure_logs(load_settings())
stored, person, card, password = sys.argv[1:]
known = KnownSecrets()
known.add(Secret(stored))
stop = mask_in_logs(known)

class Thing:
    def __repr__(self):
        return f"Thing({stored})"

def fail(reason):
    raise ValueError(reason)

bound = structlog.get_logger("bound").bind(who=person)
for name in ("plain", "openai", "uvicorn.error"):
    logging.getLogger(name).warning("key %s of %s, card %s", stored, person, card)
bound.debug("asked", prompt=f"my {stored}", nested={"list": [{"key": stored, person: card}]}, thing=Thing())
logging.getLogger("plain").debug("store at postgresql://u:%s@db/x failed", password)
bound.info("two\\nERROR lines", value="a\\r\\n2026 [error] forged \\x1b[31m")
try:
    fail(f"{stored} and {person}")
except ValueError as error:
    try:
        raise RuntimeError(f"after {card}") from error
    except RuntimeError as second:
        second.add_note(f"noted {stored}")
        bound.error("failed", error=second, exc_info=second)
        logging.getLogger("plain").exception("again")
logging.getLogger("plain").warning("end", stack_info=True, extra={"secret": stored})
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_holds_a_secret_or_personal_data_whoever_writes_it_at_whatever_level(form: str) -> None:
    stored, person, card = "words-that-look-like-no-key", "ada@example.com", "4111 1111 1111 1111"
    password = "tr0ub4dor"
    run = subprocess.run(
        [sys.executable, "-c", LEAKY, stored, person, card, password],
        env={
            "SIGNALBOX_LOG_FORMAT": form,
            "SIGNALBOX_LOG_LEVEL": "debug",
            "DATABASE_URL": f"postgresql://signalbox:{password}@db/x",
        },
        capture_output=True,
        check=True,
        text=True,
    )
    for each in (stored, person, card, card[-9:], password):
        assert each not in run.stderr
    assert run.stderr.count("[email]") >= 5
    assert "[card]" in run.stderr
    assert "Thing(***)" in run.stderr
    assert "noted ***" in run.stderr
    lines = run.stderr.splitlines()
    assert not [line for line in lines if line.startswith(("ERROR lines", "2026 [error] forged"))]
    assert "\x1b" not in run.stderr
    if form == "json":
        assert [line for line in lines if not json.loads(line)["timestamp"]] == []
