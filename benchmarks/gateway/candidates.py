"""The two gateways under test, started the way their users run them, in front of the same provider."""

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec

from benchmarks.gateway import litellm_venv
from benchmarks.gateway.processes import Server, free_port, running
from benchmarks.gateway.shapes import MODEL, Dialect, request_body

__all__ = ["Candidate", "litellm", "provider", "signalbox"]

_ROOT = Path(__file__).resolve().parents[2]
_PROVIDER_KEY = "sk-benchmark-0000000000000000"
_MASTER_KEY = "sk-benchmark-master-0000"
_KEPT_NAMES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
_CALL_TIMEOUT_S = 30.0
_COMMAND_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A gateway that answers: where, in which dialect, and how long it took to get there (seconds)."""

    name: str
    version: str
    server: Server
    port: int
    path: str
    key: str
    dialect: Dialect
    ready_s: float
    first_answer_s: float


def _answers(port: int, path: str) -> bool:
    """Say whether ``GET path`` gives 200."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_CALL_TIMEOUT_S)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def _routes(port: int, path: str, key: str, dialect: Dialect) -> bool:
    """Say whether a chat request gives 200."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_CALL_TIMEOUT_S)) as connection:
        try:
            connection.request("POST", path, request_body(dialect, "json"), headers)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def _environment(**extra: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_NAMES if name in os.environ}
    return {**kept, **extra}


@contextlib.contextmanager
def provider(folder: Path) -> Iterator[Candidate]:
    """Start the canned provider; it is also the direct way that added latency is measured against."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.gateway.upstream", str(port)]
    with running(command, env=_environment(PYTHONPATH=str(_ROOT)), folder=folder, log="provider.log") as server:
        path = "/v1/chat/completions"
        ready = server.wait_until(lambda: _routes(port, path, _PROVIDER_KEY, "openai"))
        yield Candidate(
            name="direct",
            version=version("httptools"),
            server=server,
            port=port,
            path=path,
            key=_PROVIDER_KEY,
            dialect="openai",
            ready_s=ready,
            first_answer_s=ready,
        )


@contextlib.contextmanager
def signalbox(folder: Path, provider_port: int) -> Iterator[Candidate]:
    """Start ``signalbox up`` on a fresh SQLite store with one account and one service key."""
    port = free_port()
    env = _environment(
        SIGNALBOX_DATA_DIR=str(folder / "signalbox"),
        SIGNALBOX_RATE_LIMIT_RPS="1000000",
        SIGNALBOX_RATE_LIMIT_BURST="1000000",
        SIGNALBOX_DAILY_BUDGET_USD="1000000",
        SIGNALBOX_MONTHLY_BUDGET_USD="1000000",
        OPENAI_API_KEY=_PROVIDER_KEY,
        OPENAI_BASE_URL=f"http://127.0.0.1:{provider_port}/v1",
    )
    program = str(Path(sys.executable).with_name("signalbox"))
    _command(env, program, "migrate", "--json")
    _command(env, program, "accounts", "create", "benchmark", "--json")
    key = str(_command(env, program, "keys", "create", "--account", "benchmark", "--json")["key"])
    serve = [program, "up", "--host", "127.0.0.1", "--port", str(port)]
    with running(serve, env=env, folder=folder, log="signalbox.log") as server:
        ready = server.wait_until(lambda: _answers(port, "/readyz"))
        path = "/api/llm"
        yield Candidate(
            name="Signalbox",
            version=version("signalbox"),
            server=server,
            port=port,
            path=path,
            key=key,
            dialect="llm",
            ready_s=ready,
            first_answer_s=server.wait_until(lambda: _routes(port, path, key, "llm")),
        )


def _command(env: Mapping[str, str], *words: str) -> dict[str, object]:
    """Run one administrative command and return its JSON document. Raises ``RuntimeError`` with what it wrote."""
    done = subprocess.run(words, env=dict(env), capture_output=True, timeout=_COMMAND_TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words[1:])} exited {done.returncode}: {done.stderr.decode(errors='replace')}")
    return msgspec.json.decode(done.stdout or b"{}", type=dict[str, object])


@contextlib.contextmanager
def litellm(folder: Path, provider_port: int, cache: Path) -> Iterator[Candidate]:
    """Start the LiteLLM proxy with its documented production settings: one worker, a master key, no database."""
    python = litellm_venv.ensure(cache)
    config = folder / "litellm.yaml"
    config.write_bytes(msgspec.json.encode(_litellm_config(provider_port)))  # JSON is YAML
    port = free_port()
    env = _environment(LITELLM_MODE="PRODUCTION", LITELLM_LOG="ERROR", LITELLM_LOCAL_MODEL_COST_MAP="True")
    serve = [str(python.with_name("litellm")), "--config", str(config), "--num_workers", "1"]
    serve += ["--host", "127.0.0.1", "--port", str(port)]
    with running(serve, env=env, folder=folder, log="litellm.log") as server:
        ready = server.wait_until(lambda: _answers(port, "/health/readiness"))
        path = "/v1/chat/completions"
        yield Candidate(
            name="LiteLLM",
            version=litellm_venv.VERSION,
            server=server,
            port=port,
            path=path,
            key=_MASTER_KEY,
            dialect="openai",
            ready_s=ready,
            first_answer_s=server.wait_until(lambda: _routes(port, path, _MASTER_KEY, "openai")),
        )


def _litellm_config(provider_port: int) -> dict[str, object]:
    parameters = {
        "model": f"openai/{MODEL}",
        "api_key": _PROVIDER_KEY,
        "api_base": f"http://127.0.0.1:{provider_port}/v1",
    }
    return {
        "model_list": [{"model_name": MODEL, "litellm_params": parameters}],
        "general_settings": {"master_key": _MASTER_KEY, "proxy_batch_write_at": 60, "disable_error_logs": True},
        "litellm_settings": {"request_timeout": 600, "set_verbose": False, "json_logs": True},
    }
